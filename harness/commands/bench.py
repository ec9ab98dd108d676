"""`dropday bench`: how fast the parts are."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from harness import options
from harness.options import AxesOption, RunsOption

_WIDE = 110  # characters of a table in a log


def bench(
    *,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="NAMES", help="orders, pool, sold_out, dispatcher, simulator."),
    ] = None,
    settings: AxesOption = None,
    runs: RunsOption = options.RUNS,
) -> None:
    """Compare the parts with what is known, such as pgbench or SimPy; writes bench.json."""
    from harness import bench as benches
    from harness.axes import Axes
    from harness.bench.screen import tables

    axes = Axes.of(settings or ())
    axes.require_workable()
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    file = runs / "bench.json"
    for table in tables(benches.bench(only, file, console, axes)):
        console.print(table, highlight=False)
    console.print(f"ratios: {file}", highlight=False, soft_wrap=True)
