"""The pages of a report: index.html, one file that opens offline, and summary.md for a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import Template

from reports import figures, strips
from reports.canvas import colours, custom_property
from reports.findings import Runs
from reports.ranking import contests, in_order
from reports.shapes import Aggregate, Number, leaves
from reports.summary import Judgement, PredictionError, StrategySummary, Summary
from reports.templating import template


class Column(NamedTuple):
    """A figure in the table of strategies: its heading, its path, and what it means."""

    heading: str
    path: str
    meaning: str


_UNITS = (
    Column("oversold", "units.oversold", "units sold beyond the stock"),
    Column(
        "false sold out",
        "units.false_sold_out",
        "attempts told sold out although their cart could still be had, then or later",
    ),
    Column("conflicts", "outcomes.conflict", "attempts told to try again: others were in the way"),
    Column(
        "orders/s", "orders_per_s", "while orders came fastest: in the shortest time that holds half of them"
    ),
)
_WAITS = (
    Column("p50 ms", "latency_ms.bought.p50", "of orders taken, from the intended time; half took no longer"),
    Column("p95 ms", "latency_ms.bought.p95", "19 of 20 took no longer"),
    Column("p99 ms", "latency_ms.bought.p99", "99 of 100 took no longer"),
)
_UNTIL_QUEUED = (
    Column("until queued p50 ms", "latency_ms.acknowledged.p50", "to the 202; half took no longer"),
    Column("until queued p99 ms", "latency_ms.acknowledged.p99", "to the 202; 99 of 100 took no longer"),
)
COLUMNS = {"committed": (*_UNITS, *_WAITS), "queued": (*_UNITS, *_UNTIL_QUEUED, *_WAITS)}
"""Of each contest's table."""

_WORTH_NAMING = 0.1
_MOST_OPEN = 5


class Cell(NamedTuple):
    """One figure of one strategy, with the prediction where there is one beside a measurement."""

    value: Number | None
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
        "columns": COLUMNS,
        "shown": shown,
        "few": len(summary.strategies) <= _MOST_OPEN,
        "colours": {name: custom_property(colour) for name, colour in colours(shown).items()},
        "compared": _compared(summary.strategies),
        "thresholds": _by_threshold(summary.thresholds),
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
    figures_of = dict(leaves(strategy.figures.model_dump(exclude={"intervals"})))
    return Cell(figures_of.get(path), strategy.prediction_error.get(path))


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
