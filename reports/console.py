"""The last lines on the screen: the strategies side by side, the verdict and why, the report's path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports import foreseen_page, validation_page
from reports.answers.shapes import Spread
from reports.foreseen import Foreseen, StrategyForeseen
from reports.ranking import Place, contests
from reports.shapes import Aggregate
from reports.summary import Summary
from reports.validation import Validation, summed
from reports.wording import number, percent, share

Compared = Mapping[str, str]
"""The paths of the figures that are shown, by their headings."""

_STYLES = {"pass": "bold green", "fail": "bold red", "invalid": "bold yellow", "unknown": "bold yellow"}
_UNITS = {"sold": "units.sold", "over": "units.oversold", "false": "units.false_sold_out"}
_OF_A_SPIKE = {
    **_UNITS,
    "out": "sold_out_after_s",
    "queue": "peak_in_system",
    "gone": "queue_gone_after_s",
    "p50": "latency_ms.order.p50",
    "p95": "latency_ms.order.p95",
    "p99": "latency_ms.order.p99",
}
_WHERE_STOCK_LASTS = {
    **_UNITS,
    "queue": "peak_in_system",
    "p50": "latency_ms.bought.p50",
    "p95": "latency_ms.bought.p95",
    "p99": "latency_ms.bought.p99",
}
_TO_THE_202 = {f"p{n}": f"latency_ms.acknowledged.p{n}" for n in (50, 95, 99)}


def show(summary: Summary, run: Path, console: Console) -> None:
    """Print what an experiment came to; it fits into 80 columns."""
    for contest in contests(summary.strategies, summary.scenario):
        compared = _OF_A_SPIKE if summary.scenario.sells_out else _WHERE_STOCK_LASTS
        table = _table(contest.title, compared)
        for place in contest.places:
            _add_rows(table, place, compared)
        console.print(table)
    console.print(Text(_legend(summary), style="dim"))
    console.print()
    console.print(Text(" ".join(summary.headline)))
    for caution in summary.run.cautions:
        console.print(Text(f"- beyond the calibration: {caution}", style="yellow"))
    if summary.run.fit_check:
        console.print(Text(f"- {summary.run.fit_check}", style="dim"))
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
    if found.fit_check:
        console.print(Text(f"- {found.fit_check}", style="dim"))
    console.print(Text(f"page: {run / foreseen_page.FILE}"), soft_wrap=True)


def _spreads(one: StrategyForeseen) -> Sequence[Spread | None]:
    waits, everyone = one.buyers_ms, one.everyone_ms
    of_buyers = (waits.p50, waits.p99) if waits else (None, None)
    of_all = everyone.p99 if everyone else None
    return one.orders_per_s, of_all, *of_buyers, one.peak_in_system, one.oversold, one.unknown


def _table(title: str, compared: Compared) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.title, table.title_justify, table.title_style = title, "left", "bold"
    table.add_column("strategy", no_wrap=True)
    for heading in compared:
        table.add_column(heading, justify="right", no_wrap=True, min_width=4)
    table.add_column("audit", no_wrap=True, min_width=4)
    return table


def _legend(summary: Summary) -> str:
    engine = "measured" if summary.run.repeats else "predicted"
    stock = number(summary.strategies[0].figures.units.stock)
    waits = "p50, p95, p99: the waits of orders taken"
    if summary.scenario.sells_out:
        waits = (
            "out, gone: from the first arrival until all was sold, and the queue gone; p50, p95, p99: the "
            "waits of all who asked, whatever they were told"
        )
    bound = "; ".join(f"{one.name} {_bound_by(one.figures)}" for one in summary.strategies)
    return (
        f"{summary.scenario.name}, {engine}; {stock} units in stock. *: a control, wrong on purpose. "
        f"false: told sold out while units could still be had; queue: the most attempts at "
        f"once; {waits}; all times in s. Bound by: {bound}."
    )


def _add_rows(table: Table, place: Place, compared: Compared) -> None:
    strategy = place.strategy
    name = f"{place.rank or '-'} {strategy.name}{'' if strategy.safe else '*'}"
    audit = Text(strategy.audit.verdict, _STYLES[strategy.audit.verdict] if strategy.safe else "")
    table.add_row(name, *_figures(strategy.figures, compared), audit)
    if strategy.ack == "queued":
        told = _figures(strategy.figures, dict.fromkeys(compared, "") | _TO_THE_202)
        table.add_row("    until queued", *told, style="dim")
    if strategy.measured and strategy.predicted:
        table.add_row("    model", *_figures(strategy.predicted, compared), style="dim")
        errors = [strategy.prediction_error.get(path) for path in compared.values()]
        shares = [percent(error.relative).replace(" ", "") if error else "-" for error in errors]
        table.add_row("    its error", *shares, style="dim")


def _figures(aggregate: Aggregate, paths: Compared) -> list[str]:
    return [_in_s(aggregate, path) if path else "" for path in paths.values()]


def _in_s(aggregate: Aggregate, path: str) -> str:
    value = aggregate.at(path)
    return number(value / 1000 if value and path.startswith("latency_ms") else value)


def _bound_by(aggregate: Aggregate) -> str:
    """Without what the page adds in brackets: room is scarce here."""
    return aggregate.bound_by.partition(" (")[0]
