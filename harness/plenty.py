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
    document = scenario.model_dump()
    sizes = [size for product in document["products"] for size in product["sizes"]]
    for size in sizes:
        size["units"] = max(size["units"], ceil(units_for(seconds) / len(sizes)))
    document["shoppers"]["balance_won"] = WON
    return Scenario.model_validate(document)
