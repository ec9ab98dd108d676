"""The ratios on the screen: a table for each bench, a column for each figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.box import SIMPLE
from rich.table import Table

from harness.bench.common import Ratio


def tables(ratios: Mapping[str, Ratio]) -> Iterator[Table]:
    """A table for the ratios of every bench, which their names begin with, and what was compared below it."""
    by_bench: dict[str, dict[str, Ratio]] = {}
    for name, ratio in ratios.items():
        bench, _, row = name.partition(".")
        by_bench.setdefault(bench, {})[row or bench] = ratio
    for bench, rows in by_bench.items():
        yield _table(bench, rows)


def _table(bench: str, rows: Mapping[str, Ratio]) -> Table:
    figures = list(dict.fromkeys(figure for ratio in rows.values() for figure in ratio.figures))
    table = Table(box=SIMPLE, caption=next(iter(rows.values())).what, caption_justify="left")
    table.add_column(bench)
    for heading in ("ratio", "turn by turn", *(figure.replace("_", " ") for figure in figures)):
        table.add_column(heading, justify="right")
    for row, ratio in rows.items():
        seen = [_number(ratio.figures[figure]) if figure in ratio.figures else "" for figure in figures]
        table.add_row(row, f"{ratio.ratio:.2f}", f"{ratio.low:.2f} to {ratio.high:.2f}", *seen)
    return table


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"
