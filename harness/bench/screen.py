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
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), caption=_caption(rows), caption_justify="left")
    table.add_column(bench, no_wrap=True)
    for heading in ("ratio", "low", "high", *(figure.replace("_", " ") for figure in figures)):
        table.add_column(heading, justify="right", min_width=5)
    for row, ratio in rows.items():
        seen = [number(ratio.figures[figure]) if figure in ratio.figures else "" for figure in figures]
        table.add_row(row, f"{ratio.ratio:.2f}", f"{ratio.low:.2f}", f"{ratio.high:.2f}", *seen)
    return table


def _caption(rows: Mapping[str, Ratio]) -> str:
    """What was compared; of rows where that was something else, by name."""
    general, *_ = (ratio.what for ratio in rows.values())
    special = [f"{row}: {ratio.what}" for row, ratio in rows.items() if ratio.what != general]
    return "\n".join([general, *special])


def number(value: float) -> str:
    """As many digits as can be read."""
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"
