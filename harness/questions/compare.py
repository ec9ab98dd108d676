"""Which strategy is better: means to a stated precision, and differences with common random numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import pstdev
from typing import ClassVar

import numpy as np

from harness.display import Live
from harness.questions.asking import Asking, figures_of, measured, nobody_orders
from reports.answers.shapes import Compare, Difference, Estimate, Figure, StrategyCompared
from simulator.replications import (
    Floats,
    Interval,
    Precision,
    Replicated,
    mean_interval,
    paired_difference,
    replicate,
)
from simulator.variants import play

_CONFIDENCE = 0.95
_FEWEST = 10  # replications that tell their own spread
_SPREAD_OF_RUNS = 1.5  # of a figure, in those of the machine's speed: where there is a queue, it grows


@dataclass(frozen=True)
class WhichIsBetter:
    """Asks for the means of a figure, each with an error of at most `precision` of it, and who is best.

    `at_most`: of replications, where that takes too many.
    """

    figure: Figure
    precision: float = 0.05
    at_most: int = 100
    name: ClassVar = "compare"
    title: ClassVar = "which strategy is better"

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        if asking.replications == 1:
            return "an interval needs replications that differ; expected --replications of 2 or more, or none"
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        return asking.expected_s(len(asking.strategies) * self._expected_runs(asking))

    def answer(self, asking: Asking, live: Live) -> Compare:
        """Replicate each strategy until its mean is known, then compare them pair by pair."""
        found = {one.name: self._replicated(asking, one.name, live) for one in asking.strategies}
        best = self._best(asking, found)
        pairs = len(list(combinations(found, 2)))
        return Compare(
            figure=self.figure,
            precision=self.precision,
            at_most=self.at_most,
            is_fixed=asking.replications is not None,
            best=best,
            strategies=tuple(
                StrategyCompared(
                    strategy=name,
                    replications=len(one.values),
                    is_precise=one.is_precise,
                    mean=_estimate(mean_interval(one.values, _CONFIDENCE)),
                    difference=None if name == best else difference(one.values, found[best].values, pairs),
                )
                for name, one in found.items()
            ),
        )

    def _replicated(self, asking: Asking, strategy: str, live: Live) -> Replicated:
        first = asking.variant(strategy)

        def run(numbers: range) -> list[float]:
            seen = []
            for metrics in play(first.replicated(len(numbers), numbers.start), measured):
                seen.append(metrics)
                live(f"{strategy}: run {numbers.start + len(seen)}")
            return figures_of(seen, self.figure, strategy)

        wanted = Precision(self.precision, _CONFIDENCE, at_least=_FEWEST, at_most=self.at_most)
        if asking.replications is None:
            return replicate(run, wanted)
        values = np.array(run(range(asking.replications)))
        return Replicated(values, wanted.is_reached(values))

    def _expected_runs(self, asking: Asking) -> float:
        """As many as a figure needs that spreads as the machine's speed does, and somewhat more."""
        if asking.replications is not None:
            return asking.replications
        spread = _SPREAD_OF_RUNS * math.hypot(asking.profile.speed_spread, pstdev(asking.profile.speeds))
        needed = (1.96 * spread * (1 + self.precision) / self.precision) ** 2
        return min(max(needed, _FEWEST), self.at_most)

    def _best(self, asking: Asking, found: Mapping[str, Replicated]) -> str:
        """Of those that are safe and commit before they answer; of all, where there is none."""
        fair = [one.name for one in asking.safe if one.ack == "committed"] or list(found)
        choose = max if self.figure.better == "more" else min
        return choose(fair, key=lambda name: float(found[name].values.mean()))


def difference(ours: Floats, best: Floats, pairs: int) -> Difference:
    """How far a strategy is from the best, over the replications that both have.

    Which one is best shows only in these replications. So the interval is wide enough for all `pairs` of
    strategies at once to be covered with 95 % (Bonferroni), whichever of them is looked at.
    """
    both = min(len(ours), len(best))
    found = paired_difference(ours[:both], best[:both], 1 - (1 - _CONFIDENCE) / pairs)
    return Difference(
        by=_estimate(found.interval),
        pairs=both,
        differs=not found.interval.low <= 0 <= found.interval.high,
        gain=found.gain if math.isfinite(found.gain) else None,
    )


def _estimate(found: Interval) -> Estimate:
    return Estimate(mean=found.mean, low=found.low, high=found.high)
