"""Where a curve over the size of a crowd crosses a bound, and where it bends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_STILL_GROWING = 0.5  # the power of the crowd with which a pace grows that has not reached its asymptote


def breaking_point(points: Sequence[tuple[float, float, bool]], bound: float) -> float | None:
    """The crowd at which a bound is first broken; None where no pair of neighbours tells.

    Between the last crowd that keeps it and the next, on the straight line of logarithms: latency grows by
    factors. Where it is not this latency that breaks, the crowd is half way.

    Args:
        points: of each crowd, by size: its size, the latency, whether all was kept.
    """
    for (smaller, before, kept), (larger, after, still) in pairwise(points):
        if kept and not still:
            share = 0.5
            if 0 < before <= bound < after:
                share = math.log(bound / before) / math.log(after / before)
            return smaller * math.pow(larger / smaller, share)
    return None


def knee(crowds: Sequence[float], paces: Sequence[float]) -> float | None:
    """The crowd from which a pace no longer grows with it, by its asymptotes; None where it grows on.

    The one asymptote is the pace for each of the crowd while it is small, the other the greatest pace; they
    meet in the knee (Denning and Buzen, The Operational Analysis of Queueing Network Models, 1978).

    Args:
        crowds: their sizes, the smallest first; at least two.
        paces: of each; none is 0.
    """
    growth = math.log(paces[-1] / paces[-2]) / math.log(crowds[-1] / crowds[-2])
    if growth > _STILL_GROWING:
        return None
    return max(paces) / max(pace / crowd for crowd, pace in zip(crowds, paces, strict=True))
