"""`dropday selfcheck`: the model held to what is known exactly, on the screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from harness.options import SeedOption

if TYPE_CHECKING:
    from harness.display import Live
    from simulator.selfcheck.looks import Effort, Finding, Row

_WIDE = 110  # characters of a table in a log
_FAILED = 1
_AT_HAND_S = 1.0


def selfcheck(
    *,
    short: Annotated[
        bool, typer.Option("--short", help="A tenth of the runs: about twenty seconds.")
    ] = False,
    seed: SeedOption = 1,
) -> None:
    """Hold the model to what is known exactly of queues and strategies; it fails where they differ."""
    from harness.display import Display, Step
    from simulator.selfcheck.looks import folded
    from simulator.selfcheck.rows import table

    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    effort: Effort = "short" if short else "full"
    findings: list[Finding] = []
    steps = [Step("the compiled engine", _AT_HAND_S, _prepare)]
    steps += [
        Step(row.name, row.expected_s(effort), partial(_look, row, seed, effort, findings)) for row in table()
    ]
    with Display.of(steps, console) as display:
        display.play(steps)
    findings = folded(findings)
    console.print(_table(findings), highlight=False)
    missed = sum(not finding.is_covered for finding in findings)
    console.print(_verdict(findings, missed), highlight=False)
    if missed:
        raise typer.Exit(_FAILED)


def _prepare(live: Live) -> None:
    from simulator.compiled import prepare

    live("compiled the first time, which takes half a minute")
    prepare()
    live("at hand")


def _look(row: Row, seed: int, effort: Effort, findings: list[Finding], live: Live) -> None:
    from simulator.selfcheck.engines import ENGINES
    from simulator.selfcheck.looks import check

    found = [finding for engine in ENGINES for finding in check(row, engine, seed=seed, effort=effort)]
    findings += found
    live(f"{sum(finding.is_covered for finding in found)} of {len(found)} figures covered")


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("system", max_width=36)
    table.add_column("quantity", max_width=20)
    table.add_column("engine", no_wrap=True)
    for heading in ("exact", "estimate", "99.9 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name, group in groupby(findings, key=lambda finding: finding.row.name):
        heading = name
        for finding in sorted(group, key=_place_in_row):
            table.add_row(heading, *_cells(finding))
            heading = ""
    return table


def _place_in_row(finding: Finding) -> int:
    return finding.row.all_quantities.index(finding.quantity)


def _cells(finding: Finding) -> tuple[str, ...]:
    value, low, high = finding.estimate
    exactly = finding.quantity.is_identity
    return (
        finding.quantity.name,
        finding.engine,
        f"{finding.quantity.exact:.6g}",
        f"{value:.6g}" if exactly else f"{value:.4g}",
        "to 1e-9" if exactly else f"{low:.4g} to {high:.4g}",
        _judged(finding),
    )


def _judged(finding: Finding) -> str:
    if not finding.is_covered:
        return "[bold red]NOT COVERED[/]"
    return "covered" if finding.look == 1 else "2nd look"


def _verdict(findings: Sequence[Finding], missed: int) -> str:
    notes = {finding.row.name: finding.row.note for finding in findings if finding.row.note}
    lines = [f"{name}: {note}." for name, note in notes.items()]
    lines.append(
        "A figure that its interval does not cover is looked at again, with other random numbers and ten"
        " times as many runs; only then it counts as missed. A right program misses one in less than 1 of"
        " 1,000 checks."
    )
    lines.append(
        f"{missed} of {len(findings)} figures missed." if missed else f"All {len(findings)} figures covered."
    )
    return "\n".join(lines)
