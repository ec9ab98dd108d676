"""How much is oversold, as a distribution: what one run says of a race is luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from harness.display import Live
from harness.questions.asking import Asking, nobody_orders
from harness.questions.drops import Drops, number
from reports.answers.shapes import Oversell, StrategyOversell
from reports.experiment import StrategyUnderTest


@dataclass(frozen=True)
class HowMuchOversold:
    """Asks for the units that are sold beyond the stock."""

    drops: Drops
    name: ClassVar = "oversell"
    title: ClassVar = "how much is oversold"

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        return self.drops.expected_s(asking)

    def answer(self, asking: Asking, live: Live) -> Oversell:
        """From the replications of the drop."""
        drops = self.drops.of(asking, live)
        return Oversell(
            stock=sum(sku.units for sku in asking.scenario.skus),
            replications=number(asking),
            strategies=tuple(
                distribution(strategy, [int(one.metrics.units.oversold) for one in drops[strategy.name]])
                for strategy in asking.strategies
            ),
        )


def distribution(strategy: StrategyUnderTest, oversold: Sequence[int]) -> StrategyOversell:
    """What the replications say. `oversold`: units of each, in any order."""
    ordered = sorted(oversold)
    n, none = len(ordered), sum(units == 0 for units in ordered)
    return StrategyOversell(
        strategy=strategy.name,
        safe=strategy.safe,
        oversold=tuple(ordered),
        mean=fmean(ordered),
        p95=ordered[math.ceil(0.95 * n) - 1],
        none_share=none / n,
        bound=rule_of_three(n) if none == n and not strategy.safe else None,
    )


def rule_of_three(n: int) -> float:
    """The chance of something that did not happen in `n` runs, at most, with 95 % confidence.

    (1 - p)^n = 0.05 gives p = 3 / n but for small n (Hanley and Lippman-Hand, JAMA 1983).
    """
    return min(1.0, 3 / n)
