"""The last lines on the screen: the strategies side by side, the verdict and why, the report's path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports import foreseen_page, validation_page
from reports.answers.shapes import Spread
from reports.foreseen import Foreseen, StrategyForeseen
from reports.ranking import contests
from reports.shapes import Aggregate, leaves
from reports.summary import StrategySummary, Summary
from reports.validation import Validation, summed
from reports.wording import number, percent, share

_STYLES = {"pass": "bold green", "fail": "bold red", "invalid": "bold yellow", "unknown": "bold yellow"}
_COMPARED = {
    "sold": "units.sold",
    "over": "units.oversold",
    "false": "units.false_sold_out",
    "per s": "orders_per_s",
    "p50": "latency_ms.bought.p50",
    "p99": "latency_ms.bought.p99",
}
_TO_THE_202 = {"p50": "latency_ms.acknowledged.p50", "p99": "latency_ms.acknowledged.p99"}


def show(summary: Summary, run: Path, console: Console) -> None:
    """Print what an experiment came to; it fits into 80 columns."""
    for contest in contests(summary.strategies, summary.scenario):
        table = _table(contest.title)
        for place in contest.places:
            _add_rows(table, place.strategy)
        console.print(table)
    console.print(Text(_legend(summary), style="dim"))
    console.print()
    console.print(Text(" ".join(summary.headline)))
    for caution in summary.run.cautions:
        console.print(Text(f"- beyond the calibration: {caution}", style="yellow"))
    console.print(Text.assemble("verdict: ", (summary.verdict, _STYLES[summary.verdict])))
    for reason in summary.reasons:
        console.print(Text(f"- {reason}", style=_STYLES[summary.verdict]))
    console.print(Text(f"report: {run / 'index.html'}"), soft_wrap=True)


def show_validation(found: Validation, run: Path, console: Console) -> None:
    """Print how much was foreseen, by figure."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    for heading in ("goal", "foreseen", "median", "worst", "covered", "half width"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=8)
    for row in summed(found.cells):
        shares = (f"{share:.0%}" for share in (row.error, row.worst, row.covered, row.half_width))
        table.add_row(row.metric, f"{row.goal:.0%}", f"{row.within} of {row.cells}", *shares)
    console.print(table)
    for invalid in found.invalid:
        console.print(
            Text(f"- not counted: {invalid.strategy}, {invalid.load}: {'; '.join(invalid.reasons)}")
        )
    console.print(Text(f"page: {run / validation_page.FILE}"), soft_wrap=True)


def show_foreseen(found: Foreseen, run: Path, console: Console) -> None:
    """Print what was foreseen of a large crowd; it fits into 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("strategy", no_wrap=True, min_width=19)
    for heading in ("per s", "all p99", "p50", "p99", "peak", "over", "unknown"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=7)
    for one in found.found:
        spreads = _spreads(one)
        table.add_row(one.strategy, *(number(spread.mean if spread else None) for spread in spreads))
        table.add_row("  from", *(number(spread.low if spread else None) for spread in spreads), style="dim")
        table.add_row("  to", *(number(spread.high if spread else None) for spread in spreads), style="dim")
    console.print(table)
    legend = (
        f"{found.scenario.name}, {foreseen_page.people(found)} shoppers, {number(found.stock)} units in "
        f"stock; the mean of {found.replications} runs, and between which values one more would lie with a "
        f"chance of {share(found.coverage)}. Latency in ms: p99 of all who ask, p50 and p99 of buyers."
    )
    console.print(Text(legend, style="dim"))
    console.print(Text(foreseen_page.headline(found)))
    for caution in found.cautions:
        console.print(Text(f"- beyond the calibration: {caution}", style="yellow"))
    console.print(Text(f"page: {run / foreseen_page.FILE}"), soft_wrap=True)


def _spreads(one: StrategyForeseen) -> Sequence[Spread | None]:
    waits, everyone = one.buyers_ms, one.everyone_ms
    of_buyers = (waits.p50, waits.p99) if waits else (None, None)
    of_all = everyone.p99 if everyone else None
    return one.orders_per_s, of_all, *of_buyers, one.peak_in_system, one.oversold, one.unknown


def _table(title: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.title, table.title_justify, table.title_style = title, "left", "bold"
    table.add_column("strategy", no_wrap=True, min_width=21)
    for heading in _COMPARED:
        table.add_column(heading, justify="right", no_wrap=True, min_width=5)
    table.add_column("audit", no_wrap=True, min_width=6)
    table.add_column("bound by", min_width=14)
    return table


def _legend(summary: Summary) -> str:
    engine = "measured" if summary.run.repeats else "predicted"
    stock = number(summary.strategies[0].figures.units.stock)
    return (
        f"{summary.scenario.name}, {engine}; {stock} units in stock. Latency in ms, of orders taken. "
        "*: a control, wrong on purpose. false: told sold out while units could still be had."
    )


def _add_rows(table: Table, strategy: StrategySummary) -> None:
    name = strategy.name if strategy.safe else f"{strategy.name}*"
    audit = Text(strategy.audit.verdict, _STYLES[strategy.audit.verdict] if strategy.safe else "")
    table.add_row(name, *_figures(strategy.figures, _COMPARED), audit, _bound_by(strategy.figures))
    if strategy.ack == "queued":
        told = _figures(strategy.figures, dict.fromkeys(_COMPARED, "") | _TO_THE_202)
        table.add_row("  until queued", *told, style="dim")
    if strategy.measured and strategy.predicted:
        foreseen = _figures(strategy.predicted, _COMPARED)
        table.add_row("  model", *foreseen, "", _bound_by(strategy.predicted), style="dim")
        errors = [strategy.prediction_error.get(path) for path in _COMPARED.values()]
        shares = [percent(error.relative) if error else "-" for error in errors]
        table.add_row("  its error", *shares, style="dim")


def _figures(aggregate: Aggregate, paths: dict[str, str]) -> list[str]:
    found = dict(leaves(aggregate.model_dump(exclude={"intervals"})))
    return [number(found.get(path)) if path else "" for path in paths.values()]


def _bound_by(aggregate: Aggregate) -> str:
    """Without what the page adds in brackets: columns are scarce here."""
    return aggregate.bound_by.partition(" (")[0]
