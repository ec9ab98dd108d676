"""What a thousand orders cost: the CPU that a drop keeps busy, at the prices of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import ClassVar, Self

from harness.display import Live
from harness.questions import prices as price_files
from harness.questions.asking import Asking, nobody_orders
from harness.questions.drops import Drop, Drops, number
from reports.answers.shapes import Cost, Prices, Spread, StrategyCost
from reports.experiment import StrategyUnderTest
from scenarios.history import Outcome

_HOUR_S = 3600
_ORDERS = 1000

Bill = Mapping[str, float]
"""By whom the money is for: application, database, redis."""


@dataclass(frozen=True)
class HowExpensive:
    """Asks for the cost of a thousand orders."""

    drops: Drops
    prices: Prices
    source: Path
    name: ClassVar = "cost"
    title: ClassVar = "what a thousand orders cost"

    @classmethod
    def at(cls, file: Path | None, drops: Drops) -> Self:
        """At the prices of a file; none given: at those of the example.

        Raises:
            UsageError: it is no price file.
        """
        source = price_files.EXAMPLE if file is None else file
        return cls(drops, price_files.load(source), source)

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        return self.drops.expected_s(asking)

    def answer(self, asking: Asking, live: Live) -> Cost:
        """From the replications of the drop."""
        drops = self.drops.of(asking, live)
        return Cost(
            prices=self.prices,
            source=self.source.name,
            is_example=self.source == price_files.EXAMPLE,
            replications=number(asking),
            strategies=tuple(
                _concluded(strategy, drops[strategy.name], self.prices, asking.profile.system_cores)
                for strategy in asking.strategies
            ),
        )


def bill(core_s: Mapping[str, float], prices: Prices, *, redis_s: float) -> dict[str, float]:
    """What CPU and memory cost.

    Args:
        core_s: core-seconds by role; those of Redis are paid with its memory.
        redis_s: how long Redis is kept.
    """
    application = core_s["worker"] + core_s["consumer"]
    return {
        "application": application * prices.core_hour / _HOUR_S,
        "database": core_s["database"] * prices.database_core_hour / _HOUR_S,
        "redis": redis_s * prices.redis_gib * prices.redis_gib_hour / _HOUR_S,
    }


def _concluded(
    strategy: StrategyUnderTest, drops: Sequence[Drop], prices: Prices, cores: int
) -> StrategyCost:
    keeps_redis = strategy.redis != "none"
    bills = [
        _per_thousand(
            bill(drop.busy_core_s, prices, redis_s=drop.ends_s if keeps_redis else 0.0), _delivered(drop)
        )
        for drop in drops
    ]
    return StrategyCost(
        strategy=strategy.name,
        **{part: fmean(one[part] for one in bills) for part in bills[0]},
        total=Spread.of([sum(one.values()) for one in bills]),
        while_selling=_while_selling(drops, prices, keeps_redis=keeps_redis),
        kept=fmean(_kept(drop, prices, cores=cores, keeps_redis=keeps_redis) for drop in drops),
        delivered=fmean(_delivered(drop) for drop in drops),
    )


def _delivered(drop: Drop) -> float:
    """Orders that need not be cancelled: as large a share of them as of the units sold that were there."""
    orders, units = drop.metrics.outcomes[Outcome.BOUGHT], drop.metrics.units
    return orders * (1 - units.oversold / units.sold) if units.sold else 0.0


def _per_thousand(whole: Bill, orders: float) -> dict[str, float]:
    """Of nothing that was delivered there is no price; it is stated as that of one order."""
    return {part: money * _ORDERS / max(orders, 1.0) for part, money in whole.items()}


def _kept(drop: Drop, prices: Prices, *, cores: int, keeps_redis: bool) -> float:
    """For a thousand orders, if `cores` are paid for whether busy or not, shared as they are used."""
    hours_s = prices.kept_hours * _HOUR_S
    busy_s = sum(drop.busy_core_s.values()) or 1.0
    core_s = {role: cores * hours_s * busy / busy_s for role, busy in drop.busy_core_s.items()}
    whole = bill(core_s, prices, redis_s=hours_s if keeps_redis else 0.0)
    return sum(_per_thousand(whole, _delivered(drop)).values())


def _while_selling(drops: Sequence[Drop], prices: Prices, *, keeps_redis: bool) -> float | None:
    """For a thousand orders, at the pace and with the CPU of the busiest stretch; None if a drop has none."""
    costs = []
    for drop in drops:
        used, per_s = drop.metrics.utilisation, drop.metrics.orders_per_s
        if used is None or not per_s:
            return None
        second = bill(used.model_dump(), prices, redis_s=1.0 if keeps_redis else 0.0)
        costs.append(sum(second.values()) / per_s * _ORDERS)
    return fmean(costs)
