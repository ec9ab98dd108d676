"""The pages of a report: index.html, one file that opens offline, and summary.md for a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import Template

from reports import figures, strips
from reports.canvas import colours, custom_property
from reports.columns import columns
from reports.findings import Runs
from reports.ranking import FEWEST_ORDERS, FEWEST_SECONDS, contests, criterion, in_order, rests_on_enough
from reports.shapes import Aggregate, Number
from reports.summary import Judgement, PredictionError, StrategySummary, Summary
from reports.telling_apart import LEVEL
from reports.templating import template

_WORTH_NAMING = 0.1
_MOST_OPEN = 5


class Cell(NamedTuple):
    """One figure of one strategy; `seen_in` tells of how many runs, where not all of them have it.

    Beside a measurement `predicted` is what the model foresaw, if it did, and `error` how far off that was.
    """

    value: Number | None
    seen_in: int | None
    predicted: Number | None
    error: PredictionError | None


def html(summary: Summary, runs: Mapping[str, Runs]) -> str:
    """The whole report; nothing in it is fetched from elsewhere."""
    shown = in_order(summary.strategies, summary.scenario)
    pictures = {strip.strategy: strip.pictures for strip in strips.strips(shown, runs)}
    overview = figures.overview(shown)
    return _template("index.html").render(_facts(summary), overview=overview, strips=pictures)


def markdown(summary: Summary) -> str:
    """The verdict and the table, short enough for a comment."""
    return _template("summary.md").render(_facts(summary))


def _template(name: str) -> Template:
    return template(name, cell=_cell, evidence=_evidence)


def _facts(summary: Summary) -> dict[str, Any]:
    shown = in_order(summary.strategies, summary.scenario)
    return {
        "summary": summary,
        "contests": contests(summary.strategies, summary.scenario),
        "columns": {ack: columns(summary.scenario, ack) for ack in ("committed", "queued")},
        "ranked_by": criterion(summary.scenario),
        "pace_ranked": all(rests_on_enough(one.figures) for one in summary.strategies),
        "fewest_seconds": FEWEST_SECONDS,
        "fewest_orders": FEWEST_ORDERS,
        "level": LEVEL,
        "shown": shown,
        "few": len(summary.strategies) <= _MOST_OPEN,
        "colours": {name: custom_property(colour) for name, colour in colours(shown).items()},
        "compared": _compared(summary.strategies),
        "thresholds": _by_threshold([one for one in summary.thresholds if one.status != "skipped"]),
        "skipped": _by_threshold([one for one in summary.thresholds if one.status == "skipped"]),
    }


def _compared(strategies: Sequence[StrategySummary]) -> list[str]:
    """The paths of the figures that any strategy has both measured and predicted."""
    return list(dict.fromkeys(path for strategy in strategies for path in strategy.prediction_error))


def _by_threshold(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """The judgements of each threshold together, one of each strategy, by its metric and bound."""
    found: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        found.setdefault(judgement.title, []).append(judgement)
    return found


def _cell(strategy: StrategySummary, path: str) -> Cell:
    beside = strategy.predicted if strategy.measured else None
    return Cell(
        value=strategy.figures.at(path),
        seen_in=strategy.figures.runs_with.get(path),
        predicted=beside.at(path) if beside else None,
        error=strategy.prediction_error.get(path),
    )


def _evidence(figures_of: Aggregate) -> str:
    """The shares behind what is said to have bound a run: how busy the cores were, and the longest waits."""
    used, shares = figures_of.utilisation, figures_of.time_shares
    found = [f"cores {used.share * 100:.0f}\u00a0%"] if used else []
    if shares:
        longest = sorted(shares.model_dump().items(), key=lambda share: -share[1])
        found += [f"{kind} {share * 100:.0f}\u00a0%" for kind, share in longest if share >= _WORTH_NAMING]
    if figures_of.vain_tries >= _WORTH_NAMING:
        found.append(f"tries in vain {figures_of.vain_tries * 100:.0f}\u00a0%")
    return ", ".join(found)
