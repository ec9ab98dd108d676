"""How many replications there must be, and what they say: of a mean, of a difference, of a run yet to come.

All intervals are those of Student's t: exact for figures that vary normally, good for means of many others.
The bounds of `reports.metrics.interval` hold for any distribution, and need more replications.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean, and from where to where: the mean itself, or another run."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """How far the ends are from the mean."""
        return (self.high - self.low) / 2


class Difference(NamedTuple):
    """Ours less theirs, on average over pairs of runs that were given the same random numbers.

    `gain`: how many times fewer runs that takes than runs with random numbers of their own.
    """

    interval: Interval
    gain: float


def mean_interval(values: ArrayLike, confidence: float) -> Interval:
    """The confidence interval of the mean of independent values, of which there must be two.

    Raises:
        ValueError: there are fewer, or `confidence` is not between 0 and 1.
    """
    found = _checked(values, confidence)
    return _around(found, found.std(ddof=1) / math.sqrt(len(found)), confidence)


def prediction_interval(values: ArrayLike, confidence: float) -> Interval:
    """Where ONE more value will lie, from independent values before it. It does not shrink to a point.

    Raises:
        ValueError: as above.
    """
    found = _checked(values, confidence)
    return _around(found, found.std(ddof=1) * math.sqrt(1 + 1 / len(found)), confidence)


def paired_difference(ours: ArrayLike, theirs: ArrayLike, confidence: float) -> Difference:
    """The difference between two strategies; run k of both met the same crowd, machine and work.

    Raises:
        ValueError: as above, or there are more of the one than of the other.
    """
    one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if one.shape != other.shape:
        raise ValueError(f"{one.size} values cannot be paired with {other.size}; expected as many of both")
    differences = one - other
    interval = mean_interval(differences, confidence)
    left, apart = differences.var(ddof=1), one.var(ddof=1) + other.var(ddof=1)
    return Difference(interval, float(apart / left) if left else math.inf)


def _checked(values: ArrayLike, confidence: float) -> Floats:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or len(found) < 2:
        raise ValueError(f"an interval needs a list of at least 2 values, got shape {found.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}: expected a number between 0 and 1, such as 0.95")
    return found


def _around(values: Floats, error: float, confidence: float) -> Interval:
    mean = float(values.mean())
    half = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1) * error)
    return Interval(mean, mean - half, mean + half)


@dataclass(frozen=True)
class Precision:
    """How exactly a mean is wanted, and how many replications may be spent on it.

    The error is to be at most `relative` of the true mean, or at most `absolute`, whichever is larger (a
    figure that is often 0 has no relative error), with this confidence.
    """

    relative: float
    confidence: float
    absolute: float = 0.0
    at_least: int = 10
    at_most: int = 1_000

    def __post_init__(self) -> None:
        if not 0 < self.relative < 1 or self.absolute < 0:
            raise ValueError(
                f"precision {self.relative} (or {self.absolute}): expected a share between 0 and 1, "
                "such as 0.05, or at least 0 in the figure's own unit"
            )
        if not 10 <= self.at_least <= self.at_most:
            raise ValueError(
                f"from {self.at_least} to {self.at_most} replications: expected at least 10, "
                "as fewer do not tell their own spread"
            )

    def is_reached(self, values: ArrayLike) -> bool:
        """Whether these replications are enough.

        What is known is an estimate of the mean, not the mean. So the half width is held to g / (1 + g) of
        the estimate where an error of g is allowed (Law, Simulation Modeling and Analysis, 9.4.1).
        """
        found = mean_interval(values, self.confidence)
        return found.half_width <= self._wanted(found.mean)

    def more(self, values: ArrayLike) -> int:
        """How many more before looking again: as the spread so far asks for, at most as many again."""
        found = np.asarray(values, np.float64)
        interval = mean_interval(found, self.confidence)
        wanted = self._wanted(interval.mean)
        times = (interval.half_width / wanted) ** 2 if wanted else math.inf
        missing = len(found) * (min(times, 2.0) - 1)
        return max(0, min(math.ceil(missing), self.at_most - len(found)))

    def _wanted(self, mean: float) -> float:
        return max(self.relative / (1 + self.relative) * abs(mean), self.absolute)


class Replicated(NamedTuple):
    """The values of all replications, and whether they are as many as the precision asks for."""

    values: Floats
    is_precise: bool


def replicate(run: Callable[[range], Sequence[float]], precision: Precision) -> Replicated:
    """Run replications, a few at a time, until their mean is known precisely or there are too many.

    Args:
        run: runs the replications of these numbers and gives a value for each, in order.
    """
    values = list(run(range(precision.at_least)))
    while not precision.is_reached(values) and len(values) < precision.at_most:
        values += run(range(len(values), len(values) + precision.more(values)))
    return Replicated(np.array(values), precision.is_reached(values))
