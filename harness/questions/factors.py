"""What of a scenario may turn out differently, and how far: a factor goes from 0 (low) to 1 (high)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scenarios.scenario import Scenario

_LEAST_BOTS = 0.2  # the high setting where a scenario has hardly any
_MOST_BOTS = 0.9


@dataclass(frozen=True)
class Factor:
    """`setting(scenario, x)` says in words what `changed(scenario, x)` does; x is from 0 to 1.

    `unmeasured`: the model was never held to runs that differ in it.
    """

    name: str
    changed: Callable[[Scenario, float], Scenario]
    setting: Callable[[Scenario, float], str]
    unmeasured: bool


def _times(x: float) -> float:
    """From half to twice, as is in the middle."""
    return math.pow(2, 2 * x - 1)


def _times_said(_: Scenario, x: float) -> str:
    return {0.0: "half", 1.0: "twice"}.get(x, f"{_times(x):.2g} times")


def _higher(scenario: Scenario, x: float) -> Scenario:
    return scenario.crowded(_times(x))


def _more_stock(scenario: Scenario, x: float) -> Scenario:
    document = scenario.model_dump()
    for product in document["products"]:
        for size in product["sizes"]:
            size["units"] = max(1, round(size["units"] * _times(x)))
    return Scenario.model_validate(document)


def _more_patience(scenario: Scenario, x: float) -> Scenario:
    patience_s = scenario.shoppers.patience_s * _times(x)
    shoppers = scenario.shoppers.model_copy(update={"patience_s": patience_s})
    return scenario.model_copy(update={"shoppers": shoppers})


def _bots_share(scenario: Scenario, x: float) -> float:
    """From none to three times as many, or a fifth of the crowd."""
    return x * min(_MOST_BOTS, max(_LEAST_BOTS, 3 * scenario.shoppers.bots.share))


def _more_bots(scenario: Scenario, x: float) -> Scenario:
    bots = scenario.shoppers.bots.model_copy(update={"share": _bots_share(scenario, x)})
    shoppers = scenario.shoppers.model_copy(update={"bots": bots})
    return scenario.model_copy(update={"shoppers": shoppers})


def _bots_said(scenario: Scenario, x: float) -> str:
    share = _bots_share(scenario, x)
    return f"{share * 100:.0f} %" if share else "none"


FACTORS = (
    Factor("height of the crowd", _higher, _times_said, unmeasured=False),
    Factor("stock", _more_stock, _times_said, unmeasured=False),
    Factor("patience", _more_patience, _times_said, unmeasured=True),
    Factor("bots", _more_bots, _bots_said, unmeasured=False),
)
