"""Stock and money that last. Some strategies have a row for every unit: plenty is just enough."""

from __future__ import annotations

from math import ceil

from scenarios.scenario import Product, Scenario, Size

WON = 10**12
WARM_UP = "warm-up"
_SIZES = tuple(str(number) for number in range(1, 41))  # enough that every lane of the pool gets some
WARM_UP_SKUS = tuple(f"{WARM_UP}-{size}" for size in _SIZES)
_PER_S = 20_000  # more orders than any strategy commits on any machine that a rehearsal runs on


def units_for(seconds: float) -> int:
    """As many units as cannot be sold in so long."""
    return ceil(_PER_S * seconds)


def with_warm_up(scenario: Scenario, seconds: float, at_least: int) -> Scenario:
    """The same scenario with one more product, which nobody uses up in so long.

    Args:
        at_least: units of each of its sizes.
    """
    units = max(at_least, ceil(units_for(seconds) / len(WARM_UP_SKUS)))
    sizes = tuple(Size(size=size, units=units) for size in _SIZES)
    product = Product(id=WARM_UP, name="Warm-up", price_won=1, sizes=sizes)
    return scenario.model_copy(update={"products": (*scenario.products, product)})
