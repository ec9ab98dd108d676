"""`dropday bench`: how fast the parts are, and whether a change has made the order path slower."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from harness import options
from harness.errors import UsageError
from harness.options import AxesOption, RunsOption

if TYPE_CHECKING:
    from harness.axes import Axes

_WIDE = 110  # characters of a table in a log
_OF_VERSIONS = "orders"  # the bench that compares two versions


def bench(
    *,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="NAMES", help="orders, pool, sold_out, dispatcher, simulator."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REF", help="Compare the working tree's orders with this commit's."),
    ] = None,
    strategies: Annotated[
        str | None,
        typer.Option(
            "--strategies",
            metavar="NAMES",
            help=f"For --base: groups or names, commas between.  [default: {options.STRATEGIES}]",
        ),
    ] = None,
    pairs: Annotated[
        int | None,
        typer.Option("--pairs", min=3, max=100, help="For --base: pairs of each strategy.  [default: 10]"),
    ] = None,
    settings: AxesOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Compare the parts with what is known, such as pgbench or SimPy, or orders with an earlier commit's.

    Writes bench.json, or bench-base.json.
    """
    from harness.axes import Axes

    axes = Axes.of(settings or ())
    axes.require_workable()
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    if base is not None:
        _compare(base, only, strategies or options.STRATEGIES, pairs, axes, runs, console)
        return
    for option, value in (("--strategies", strategies), ("--pairs", pairs)):
        if value is not None:
            raise UsageError(f"{option} {value}: only a comparison of two versions has it; add --base REF")
    _measure(only, axes, runs, console)


def _measure(only: str | None, axes: Axes, runs: Path, console: Console) -> None:
    from harness import bench as benches
    from harness.bench.screen import tables

    file = runs / "bench.json"
    for table in tables(benches.bench(only, file, console, axes)):
        console.print(table, highlight=False)
    console.print(f"ratios: {file}", highlight=False, soft_wrap=True)


def _compare(
    base: str,
    only: str | None,
    strategies: str,
    pairs: int | None,
    axes: Axes,
    runs: Path,
    console: Console,
) -> None:
    from harness.bench import versions
    from harness.bench.versions import screen
    from harness.strategies import choose, known

    if only not in (None, _OF_VERSIONS):
        raise UsageError(f"--only {only} with --base: expected {_OF_VERSIONS}; the others have no base")
    chosen = choose(strategies, known())
    asked = versions.Versions(base, chosen, axes, pairs=pairs or versions.PAIRS, effort=versions.Effort())
    file = runs / "bench-base.json"
    comparison = asked.compare(file, console)
    screen.show(comparison, console)
    console.print(f"every pair: {file}", highlight=False, soft_wrap=True)
