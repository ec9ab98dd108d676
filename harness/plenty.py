"""Stock and money that last. Some strategies have a row for every unit: plenty is just enough."""

from __future__ import annotations

from math import ceil

from scenarios.scenario import Scenario

WON = 10**12
_PER_S = 20_000  # more orders than any strategy commits on any machine that a rehearsal runs on


def units_for(seconds: float) -> int:
    """As many units as cannot be sold in so long."""
    return ceil(_PER_S * seconds)


def plentiful(scenario: Scenario, seconds: float) -> Scenario:
    """The same scenario with stock and money that nobody uses up in so long, the SKUs asked for in turns."""
    each = ceil(units_for(seconds) / len(scenario.skus))
    products = tuple(
        product.model_copy(
            update={
                "sizes": tuple(
                    size.model_copy(update={"units": max(size.units, each)}) for size in product.sizes
                )
            }
        )
        for product in scenario.products
    )
    shoppers = scenario.shoppers.model_copy(update={"balance_won": WON})
    return scenario.model_copy(update={"products": products, "shoppers": shoppers})
