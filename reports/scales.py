"""Logarithmic axes with ticks that people can read: 1, 2, 5, 10, 20, and so on."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from reports.wording import number

_STEPS = (1, 2, 5)
_MOST_TICKS = 8


def ticks(low: float, high: float) -> list[float]:
    """The round numbers from the last that is not above `low` to the first that is not below `high`.

    At least two. Where 1, 2 and 5 of each power of ten are too many, the powers of ten alone.

    Args:
        low: above 0, and not above `high`.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [step * 10.0**power for power in range(first, last + 1) for step in _STEPS]
    begins = max(tick for tick in every if tick <= low)
    ends = min(tick for tick in every if tick >= high and tick > begins)
    found = [tick for tick in every if begins <= tick <= ends]
    if len(found) <= _MOST_TICKS:
        return found
    return [10.0**power for power in range(first, last + 1)]


def log_x(axes: Axes, low: float, high: float) -> None:
    """Make the horizontal axis logarithmic, from a tick at or below `low` to one at or above `high`."""
    shown = ticks(low, high)
    axes.set_xscale("log")
    axes.set_xlim(shown[0], shown[-1])
    axes.set_xticks(shown, [number(tick) for tick in shown])
    axes.xaxis.set_minor_locator(NullLocator())
