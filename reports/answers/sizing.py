"""How many cores, workers and connections: a heat map of systems for each strategy."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from reports.answers.drawing import Shades
from reports.answers.shapes import Cell, Sizing, StrategySizing, System
from reports.canvas import FAINT, INK, Canvas
from reports.figures import Picture
from reports.wording import counted, names, number

_PALEST, _DARKEST = 0.10, 0.60


def pictures(sizing: Sizing, shade: Shades) -> list[Picture]:
    """One for each strategy."""
    return [_heat_map(one, sizing.calibrated, shade[one.strategy]) for one in sizing.strategies]


def _heat_map(one: StrategySizing, calibrated: System, colour: str) -> Picture:
    cores = sorted({cell.cores for cell in one.cells})
    workers = sorted({cell.workers for cell in one.cells})
    pools = sorted({cell.pool_size for cell in one.cells})
    panel = len(pools) + 0.6
    canvas = Canvas(
        f"sizing-{one.strategy}",
        f"The wait of 99 of 100 under {one.strategy}, by cores, workers and connections.",
        width=5.8,
        height=1.0 + 0.34 * len(workers),
    )
    waits = [cell.wait_ms for cell in one.cells if cell.wait_ms]
    fastest, slowest = min(waits, default=1.0), max(waits, default=1.0)
    with canvas as axes:
        for cell in one.cells:
            x = cores.index(cell.cores) * panel + pools.index(cell.pool_size)
            depth = _share(cell.wait_ms, fastest, slowest)
            _draw(axes, cell, (x, workers.index(cell.workers)), colour if cell.kept else FAINT, depth)
            if not unmeasured(cell, calibrated):
                _frame(axes, (x, workers.index(cell.workers)), linewidth=1.0, linestyle=(0, (3, 2)))
            if cell == one.smallest:
                _frame(axes, (x, workers.index(cell.workers)), linewidth=1.8, linestyle="-")
        for place, count in enumerate(cores):
            middle = place * panel + (len(pools) - 1) / 2
            axes.annotate(
                f"{counted(count, 'core')}{'' if count == calibrated.cores else ' *'}",
                (middle, -0.75),
                ha="center",
                annotation_clip=False,
            )
        axes.set_xticks(
            [place * panel + n for place in range(len(cores)) for n in range(len(pools))],
            [str(pool) for _ in cores for pool in pools],
        )
        axes.set_yticks(range(len(workers)), [str(count) for count in workers])
        axes.set_xlim(-0.55, len(cores) * panel - 1.05)
        axes.set_ylim(len(workers) - 0.45, -0.55)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlabel("connections of each worker")
        axes.set_ylabel("workers")
    return Picture(one.strategy, canvas.svg)


def size(system: System | None) -> str:
    """A system in words."""
    if system is None:
        return "none that was tried"
    each = " for each" if system.workers > 1 else ""
    return (
        f"{counted(system.cores, 'core')}, {counted(system.workers, 'worker')} and "
        f"{counted(system.pool_size, 'connection')}{each}"
    )


def unmeasured(system: System, calibrated: System) -> str:
    """What of it was never measured, in words; empty for the system that was calibrated."""
    differing = {
        "this number of cores": system.cores != calibrated.cores,
        "of workers": system.workers != calibrated.workers,
        "of connections": system.pool_size != calibrated.pool_size,
    }
    found = [what for what, differs in differing.items() if differs]
    if not found:
        return ""
    first, *others = found
    told = names([first if first.startswith("this") else f"this number {first}", *others])
    return f"{told} {'was' if len(found) == 1 else 'were'} never measured"


def _share(wait_ms: float | None, fastest: float, slowest: float) -> float:
    """Where a wait lies between the fastest and the slowest, in factors."""
    if wait_ms is None or slowest <= fastest:
        return 1.0
    return math.log(wait_ms / fastest) / math.log(slowest / fastest)


def _draw(axes: Axes, cell: Cell, at: tuple[float, float], colour: str, depth: float) -> None:
    x, y = at
    alpha = _PALEST + depth * (_DARKEST - _PALEST)
    axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=colour, alpha=alpha, linewidth=0))
    axes.annotate(_short(cell.wait_ms), at, ha="center", va="center", fontsize=8)


def _short(ms: float | None) -> str:
    """Few enough characters for a cell: seconds from a second on."""
    if ms is None:
        return "-"
    return f"{ms / 1000:.1f} s" if ms >= 1000 else number(round(ms))


def _frame(axes: Axes, at: tuple[float, float], *, linewidth: float, linestyle: Any) -> None:
    x, y = at
    axes.add_patch(
        Rectangle(
            (x - 0.48, y - 0.46),
            0.96,
            0.92,
            fill=False,
            edgecolor=INK,
            linewidth=linewidth,
            linestyle=linestyle,
        )
    )
