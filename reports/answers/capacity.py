"""How many shoppers until the objective breaks: latency and throughput over the size of the crowd."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from reports.answers.drawing import End, Shades, in_thousands, label_ends, log_scale
from reports.answers.shapes import Capacity, StrategyCapacity
from reports.canvas import FAINT, INK, Canvas
from reports.figures import Picture
from reports.wording import number

_WIDTH, _HEIGHT = 5.4, 3.0


def pictures(capacity: Capacity, shade: Shades) -> list[Picture]:
    """Latency, then throughput."""
    return [_waits(capacity, shade), _paces(capacity, shade)]


def _waits(capacity: Capacity, shade: Shades) -> Picture:
    canvas = Canvas(
        "capacity-waits",
        "Latency over the size of the crowd, with the objective.",
        width=_WIDTH,
        height=_HEIGHT,
    )
    objective = capacity.objective
    with canvas as axes:
        ends = []
        for one in capacity.strategies:
            found = [(point.arrivals, point.wait_ms) for point in one.points if point.wait_ms]
            crowds, waits = [crowd for crowd, _ in found], [wait for _, wait in found]
            colour = shade[one.strategy]
            axes.plot(crowds, waits, color=colour)
            if found:
                ends.append(End(crowds[-1], waits[-1], one.strategy, colour))
            if one.breaks_at:
                axes.plot(one.breaks_at, objective.p99_ms, "o", color=colour, markersize=6)
        _crowd_axis(axes, capacity)
        if not ends:  # nobody waited
            axes.set_ylim(objective.p99_ms / 10, objective.p99_ms * 10)
        log_scale(axes, "y")
        axes.axhline(objective.p99_ms, color=INK, linewidth=0.9)
        axes.annotate(
            f"objective: {number(objective.p99_ms)} ms",
            (0.01, objective.p99_ms),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4),
            textcoords="offset points",
            fontsize=8.5,
        )
        axes.set_ylabel("ms that 99 of 100 wait at most")
        label_ends(axes, ends)
    caption = "Dot: where a strategy breaks the objective."
    return Picture("How long 99 of 100 wait", canvas.svg, caption)


def _paces(capacity: Capacity, shade: Shades) -> Picture:
    canvas = Canvas(
        "capacity-paces", "Orders a second over the size of the crowd.", width=_WIDTH, height=_HEIGHT
    )
    with canvas as axes:
        ends = []
        for one in capacity.strategies:
            crowds = [point.arrivals for point in one.points]
            paces = [point.orders_per_s for point in one.points]
            axes.plot(crowds, paces, color=shade[one.strategy])
            ends.append(End(crowds[-1], paces[-1], one.strategy, shade[one.strategy]))
            if one.knee_at:
                height = float(np.interp(np.log(one.knee_at), np.log(crowds), paces))
                axes.plot(one.knee_at, height, "|", color=shade[one.strategy], markersize=11)
        _crowd_axis(axes, capacity)
        axes.set_ylim(0)
        in_thousands(axes, "y")
        axes.set_ylabel("orders a second, at their fastest")
        label_ends(axes, ends)
    caption = "Tick: the knee, from which a larger crowd brings no more orders a second."
    return Picture("How fast orders are taken", canvas.svg, caption)


def _crowd_axis(axes: Axes, capacity: Capacity) -> None:
    every = [point.arrivals for one in capacity.strategies for point in one.points]
    axes.set_xlim(min(every), max(every))
    log_scale(axes, "x")
    axes.axvline(capacity.rehearsed, color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.annotate(
        "this scenario",
        (capacity.rehearsed, 1.01),
        xycoords=("data", "axes fraction"),
        ha="center",
        va="bottom",
        fontsize=8.5,
        color=FAINT,
        annotation_clip=False,
    )
    axes.grid(axis="y")
    axes.set_xlabel("shoppers who come, in the same time")


def finding(one: StrategyCapacity, rehearsed: float) -> str:
    """What it comes to, in a few words."""
    if one.breaks_at is None:
        most = one.points[-1].arrivals
        if one.always_kept:
            return f"kept up to {number(most)} shoppers, the most that was tried"
        return f"broken by {number(one.points[0].arrivals)} shoppers already, the least that was tried"
    return f"{number(one.breaks_at)} shoppers, {one.breaks_at / rehearsed:.2g} times this scenario"
