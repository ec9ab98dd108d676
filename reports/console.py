"""The last lines on the screen: the strategies side by side, the verdict and why, the report's path."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.shapes import Aggregate, leaves
from reports.summary import StrategySummary, Summary
from reports.wording import number, percent

_STYLES = {"pass": "bold green", "fail": "bold red", "invalid": "bold yellow", "unknown": "bold yellow"}
_COMPARED = {
    "sold": "units.sold",
    "over": "units.oversold",
    "per s": "orders_per_s",
    "p50": "latency_ms.bought.p50",
    "p95": "latency_ms.bought.p95",
    "p99": "latency_ms.bought.p99",
}


def show(summary: Summary, run: Path, console: Console) -> None:
    """Print what an experiment came to; it fits into 80 columns."""
    console.print(_table(summary))
    console.print(Text(" ".join(summary.headline)))
    console.print(Text.assemble("verdict: ", (summary.verdict, _STYLES[summary.verdict])))
    for reason in summary.reasons:
        console.print(Text(f"- {reason}", style=_STYLES[summary.verdict]))
    console.print(Text(f"report: {run / 'index.html'}"), soft_wrap=True)


def _table(summary: Summary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("strategy", no_wrap=True)
    for heading in _COMPARED:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("audit", no_wrap=True)
    table.add_column("bound by")
    for strategy in summary.strategies:
        _add_rows(table, strategy)
    table.caption = _caption(summary)
    table.caption_justify = "left"
    return table


def _caption(summary: Summary) -> str:
    engine = "measured" if summary.run.repeats else "predicted"
    stock = number(summary.strategies[0].figures.units.stock)
    return f"{summary.scenario.name}, {engine}; {stock} units in stock; latency in ms, of orders taken"


def _add_rows(table: Table, strategy: StrategySummary) -> None:
    name = strategy.name if strategy.safe else f"{strategy.name} (control)"
    audit = Text(strategy.audit.verdict, _STYLES[strategy.audit.verdict] if strategy.safe else "")
    table.add_row(name, *_figures(strategy.figures), audit, _bound_by(strategy.figures))
    if strategy.measured and strategy.predicted:
        table.add_row(
            "  model", *_figures(strategy.predicted), "", _bound_by(strategy.predicted), style="dim"
        )
        errors = [strategy.prediction_error.get(path) for path in _COMPARED.values()]
        shares = [percent(error.relative) if error else "-" for error in errors]
        table.add_row("  its error", *shares, style="dim")


def _figures(aggregate: Aggregate) -> list[str]:
    found = dict(leaves(aggregate.model_dump(exclude={"intervals"})))
    return [number(found.get(path)) for path in _COMPARED.values()]


def _bound_by(aggregate: Aggregate) -> str:
    """Without what the page adds in brackets: columns are scarce here."""
    return aggregate.bound_by.partition(" (")[0]
