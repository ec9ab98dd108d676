"""A comparison on the screen: a row for each figure of each strategy, and what it comes to in a sentence."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from harness.bench.screen import number
from harness.bench.versions.comparison import CONFIDENCE, FIGURES, Comparison, Row


def show(comparison: Comparison, console: Console) -> None:
    """Print the rows, what they are, and what they come to."""
    console.print(_table(comparison), highlight=False)
    console.print(_explained(comparison), highlight=False, soft_wrap=True)
    console.print(verdict(comparison), highlight=False, soft_wrap=True)


def _table(comparison: Comparison) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("strategy", no_wrap=True)
    table.add_column("figure", no_wrap=True)
    for heading in ("ratio", "low", "high", "ours", "base"):
        table.add_column(heading, justify="right", min_width=5)
    table.add_column("ours is", no_wrap=True)
    first, *_, last = FIGURES
    for row in comparison.rows:
        ratio = [f"{value:.3f}" for value in (row.ratio, row.low, row.high)]
        table.add_row(
            row.strategy if row.figure == first else "",
            _words(row.figure),
            *ratio,
            number(row.ours),
            number(row.base),
            _judged(row) if row.differs else "",
            end_section=row.figure == last,
        )
    return table


def verdict(comparison: Comparison) -> str:
    """Which rows differ, and which cannot be told apart."""
    rows = comparison.rows
    differ = [row for row in rows if row.differs]
    if not differ:
        return f"None of {len(rows)} rows differs: ours and base cannot be told apart."
    names = ", ".join(
        f"{row.strategy} {_words(row.figure)} ({_judged(row)}, {row.ratio:.2f})" for row in differ
    )
    rest = f"; the other {len(rows) - len(differ)} cannot be told apart"
    return f"{len(differ)} of {len(rows)} rows differ: {names}{rest if len(differ) < len(rows) else ''}."


def _explained(comparison: Comparison) -> str:
    return (
        f"ours: {comparison.ours}\n"
        f"base: {comparison.base}\n"
        f"ratio: ours / base, the geometric mean of {comparison.pairs} pairs; us: microseconds for an order\n"
        f"low, high: a bootstrap interval of {comparison.confidence_of_a_row:.2%} in each row, so that all "
        f"rows together have {CONFIDENCE:.0%}"
    )


def _words(figure: str) -> str:
    return figure.replace("_", " ")


def _judged(row: Row) -> str:
    return "worse" if row.is_worse else "better"
