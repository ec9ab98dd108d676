"""What the pictures of several answers have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from reports.canvas import INK
from reports.wording import number

Shades = Mapping[str, str]
"""The colour of each strategy."""

_LINE_HEIGHT = 0.075  # of a label, as a share of the axes


class End(NamedTuple):
    """Where a line ends, and what it is called."""

    x: float
    y: float
    name: str
    colour: str


def label_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Name lines at their right ends, one below the other where they end close together."""
    if not ends:
        return
    axes.get_xlim(), axes.get_ylim()  # settles limits that are to fit what was drawn
    heights = [
        float(axes.transAxes.inverted().transform(axes.transData.transform((e.x, e.y)))[1]) for e in ends
    ]
    for end, height in zip(ends, spread(heights, apart=_LINE_HEIGHT), strict=True):
        axes.annotate(
            end.name,
            (1.02, height),
            xycoords="axes fraction",
            color=end.colour,
            va="center",
            fontsize=8.5,
            annotation_clip=False,
        )


def spread(heights: Sequence[float], *, apart: float) -> list[float]:
    """The heights, moved no more than needed to be so far `apart`, in the same order.

    Neighbours that are too close form a block about the middle of where they belong (least squares on a line
    with gaps: pool adjacent violators); all stay between 0 and 1, if there is room.
    """
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    blocks: list[list[float]] = []  # of the heights, each less its place in the line
    for place, i in enumerate(order):
        blocks.append([heights[i] - place * apart])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = [float(np.mean(block)) for block in blocks for _ in block]
    highest = 1 - (len(heights) - 1) * apart  # of the lowest label, so that the last stays within
    found = [0.0] * len(heights)
    for place, i in enumerate(order):
        found[i] = min(max(level[place], 0.0), max(highest, 0.0)) + place * apart
    return found


def log_scale(axes: Axes, which: str) -> None:
    """Factors, with numbers as people write them."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis.set_major_formatter(lambda value, _: number(value))
    axis.set_minor_locator(NullLocator())
    low, high = axis.get_view_interval()
    subs = (1.0, 2.0, 5.0) if high / max(low, 1e-12) < 100 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs))


def in_thousands(axes: Axes, which: str) -> None:
    """Numbers as the page writes them."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(lambda value, _: number(value))


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """A row for each name, the first on top."""
    axes.set_yticks(range(len(names)), names, color=INK)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def height_of(rows: int) -> float:
    """Inches for so many rows."""
    return 0.8 + 0.32 * rows


def beside(axes: Axes, at: tuple[float, float], text: str, *, left: bool = False, colour: str = INK) -> None:
    """A label right or left of a point."""
    axes.annotate(
        text,
        at,
        xytext=(-5 if left else 5, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        color=colour,
        fontsize=8.5,
    )
