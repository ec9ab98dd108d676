"""The pages of a report: index.html, one file that opens offline, and summary.md for a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from reports import figures
from reports.canvas import colours, custom_property
from reports.findings import Runs
from reports.shapes import Number, leaves
from reports.summary import Judgement, PredictionError, StrategySummary, Summary
from reports.wording import number, percent


class Column(NamedTuple):
    """A figure in the table of strategies: its heading, its path, and what it means."""

    heading: str
    path: str
    meaning: str


COLUMNS = (
    Column("oversold", "units.oversold", "units sold beyond the stock"),
    Column(
        "orders/s", "orders_per_s", "while orders came fastest: in the shortest time that holds half of them"
    ),
    Column("p50 ms", "latency_ms.bought.p50", "of orders taken, from the intended time; half took no longer"),
    Column("p95 ms", "latency_ms.bought.p95", "19 of 20 took no longer"),
    Column("p99 ms", "latency_ms.bought.p99", "99 of 100 took no longer"),
    Column("peak", "peak_in_system", "the most attempts under way at one moment"),
)


class Cell(NamedTuple):
    """One figure of one strategy, with the prediction where there is one beside a measurement."""

    value: Number | None
    error: PredictionError | None


def html(summary: Summary, runs: Mapping[str, Runs]) -> str:
    """The whole report; nothing in it is fetched from elsewhere."""
    strips = {strip.strategy: strip.pictures for strip in figures.strips(summary.strategies, runs)}
    return (
        _environment()
        .get_template("index.html")
        .render(_facts(summary), overview=figures.overview(summary.strategies, runs), strips=strips)
    )


def markdown(summary: Summary) -> str:
    """The verdict and the table, short enough for a comment."""
    return _environment().get_template("summary.md").render(_facts(summary))


def _facts(summary: Summary) -> dict[str, Any]:
    return {
        "summary": summary,
        "columns": COLUMNS,
        "colours": {name: custom_property(colour) for name, colour in colours(summary.strategies).items()},
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


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "percent": percent, "svg": Markup}
    environment.globals["cell"] = _cell
    return environment
