"""Whether strategies differ by more than their repeats do: comparisons of means, all pairs of them at once.

Repeats are few, so their spread is pooled over all strategies. It is taken on the logarithmic scale, where it
is much the same for a fast strategy and a slow one. Two means are told apart where Student's t says so, at a
level divided by the number of pairs (Bonferroni; Dunn 1961, "Multiple comparisons among means", JASA 56, 52).
Where all strategies of a table are equal, the chance that any two are told apart is at most `LEVEL`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.05
"""The chance that any two are told apart though all are equal."""

MOST_REPEATS = 100
"""As many as a load test takes."""


@dataclass(frozen=True)
class Spread:
    """The deviation of the logarithm of one run, pooled over `strategies`, with its degrees of freedom."""

    deviation: float
    freedom: int
    strategies: int

    @classmethod
    def pooled(cls, samples: Collection[Sequence[float]]) -> Self | None:
        """Over the runs of each strategy; None where no strategy has two.

        Args:
            samples: for each strategy, the figure of each run, above 0.
        """
        repeated = [np.log(sample) for sample in samples if len(sample) > 1]
        freedom = sum(len(logs) - 1 for logs in repeated)
        if not freedom:
            return None
        squares = sum(float(np.sum((logs - logs.mean()) ** 2)) for logs in repeated)
        return cls(math.sqrt(squares / freedom), freedom, len(repeated))

    def tells_apart(self, one: Sequence[float], other: Sequence[float], *, pairs: int) -> bool:
        """Whether the means of two strategies differ by more than chance, of so many `pairs` at once."""
        error = self.deviation * math.sqrt(1 / len(one) + 1 / len(other))
        return abs(distance(one, other)) > float(_critical(self.freedom, pairs)) * error

    def repeats_for(self, difference: float, *, pairs: int) -> int | None:
        """The fewest repeats of each strategy that tell such a difference apart; None where 100 do not.

        Args:
            difference: of the means of the logarithms, as it was seen; it may turn out smaller or larger.
        """
        repeats = np.arange(2, MOST_REPEATS + 1)
        seen = _critical(self.strategies * (repeats - 1), pairs) * self.deviation * np.sqrt(2 / repeats)
        enough = np.flatnonzero(abs(difference) > seen)
        return int(repeats[enough[0]]) if len(enough) else None


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """How far the mean of the logarithms of `one` is below that of the `other`."""
    return float(np.log(other).mean() - np.log(one).mean())


def pairs_of(several: Collection[object]) -> int:
    """How many pairs there are."""
    return len(list(combinations(several, 2)))


def _critical(freedom: int | NDArray[np.int64], pairs: int) -> NDArray[np.float64]:
    return np.asarray(stats.t.isf(LEVEL / 2 / pairs, freedom), np.float64)
