"""What the benches share: the ratio, the load, and the shop with one hot SKU."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from harness.display import Display
from harness.plenty import WON
from harness.stage import Stage
from scenarios.scenario import Scenario

CLIENTS = 64
SHOPPERS = 5_000
SKU = "bench-1"


class Ratio(BaseModel):
    """The median of the ratios turn by turn, the smallest and the largest of them, and what was compared.

    `figures` are what else was seen of it, each the median over the turns.
    """

    model_config = ConfigDict(frozen=True)

    ratio: float
    low: float
    high: float
    what: str
    figures: dict[str, float] = {}

    @classmethod
    def of(
        cls,
        pairs: Sequence[tuple[float, float]],
        what: str,
        figures: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> Ratio:
        """The ratio of (ours, theirs), one pair for each turn; `figures` have a value for each turn."""
        ratios = [ours / theirs for ours, theirs in pairs]
        return cls(
            ratio=statistics.median(ratios),
            low=min(ratios),
            high=max(ratios),
            what=what,
            figures={name: statistics.median(values) for name, values in figures.items()},
        )


@dataclass(frozen=True)
class _Steps:
    steps: Callable[[], int]
    step_s: float


@dataclass(frozen=True)
class Bench(_Steps):
    """Something to compare on servers, in a number of steps of about `step_s` seconds each.

    `measure` is given the servers, a folder for what the processes say, and the screen.
    """

    measure: Callable[[Stage, Path, Display], dict[str, Ratio]]


@dataclass(frozen=True)
class Offline(_Steps):
    """The same without servers: `measure` is given the screen."""

    measure: Callable[[Display], dict[str, Ratio]]


def one_hot_sku(units: int) -> Scenario:
    """A scenario that sells `units` of one SKU, to shoppers who never run out of money."""
    return selling({"1": units})


def selling(units: Mapping[str, int]) -> Scenario:
    """The same with several sizes, `units` of each."""
    sizes = [{"size": size, "units": count} for size, count in units.items()]
    return Scenario.model_validate(
        {
            "name": "bench",
            "summary": "One hot SKU",
            "arrivals": {"shape": "constant", "per_s": 1, "duration_s": 1},
            "products": [{"id": "bench", "name": "Bench", "price_won": 1000, "sizes": sizes}],
            "shoppers": {"balance_won": WON},
        }
    )
