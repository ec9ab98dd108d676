"""Logarithmic axes with ticks that people can read: 1, 2, 5, 10, 20, and so on."""

from __future__ import annotations

import math
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from reports.wording import number

_STEPS = (1, 2, 5)
_MOST_TICKS = 7


class Scale(NamedTuple):
    """Where a logarithmic axis begins and ends, and its ticks."""

    begins: float
    ends: float
    ticks: list[float]


def scale(low: float, high: float) -> Scale:
    """From the last round number that is not above `low` to the first that is not below `high`.

    The ticks are 1, 2 and 5 of each power of ten, or where those are too many the powers alone; two at least.

    Args:
        low: above 0, and not above `high`.
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    rounded = [step * 10.0**power for power in powers for step in _STEPS]
    begins = max(one for one in rounded if one <= low)
    ends = min(one for one in rounded if one >= high and one > begins)
    several = [one for one in rounded if begins <= one <= ends]
    if len(several) > _MOST_TICKS:
        several = [10.0**power for power in powers if begins <= 10.0**power <= ends]
    return Scale(begins, ends, several)


def log_x(axes: Axes, low: float, high: float) -> None:
    """Make the horizontal axis logarithmic, so that it holds `low` and `high`, both above 0."""
    begins, ends, ticks = scale(low, high)
    axes.set_xscale("log")
    axes.set_xlim(begins, ends)
    axes.set_xticks(ticks, [number(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
