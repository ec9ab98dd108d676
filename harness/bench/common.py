"""What the benches share: the ratio, the load, and the shop with one hot SKU."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from harness.display import Display
from harness.stage import Stage
from scenarios.scenario import Scenario

CLIENTS = 64
SHOPPERS = 5_000
SKU = "bench-1"


class Ratio(BaseModel):
    """The median of the ratios turn by turn, the smallest and the largest of them, and what was compared."""

    model_config = ConfigDict(frozen=True)

    ratio: float
    low: float
    high: float
    what: str

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, float]], what: str) -> Ratio:
        """The ratio of (ours, theirs), one pair for each turn."""
        ratios = [ours / theirs for ours, theirs in pairs]
        return cls(ratio=statistics.median(ratios), low=min(ratios), high=max(ratios), what=what)


@dataclass(frozen=True)
class Bench:
    """Something to compare, in a number of steps of about `step_s` seconds each.

    `measure` is given the servers, a folder for what the processes say, and the screen.
    """

    measure: Callable[[Stage, Path, Display], dict[str, Ratio]]
    steps: Callable[[], int]
    step_s: float


def one_hot_sku(units: int) -> Scenario:
    """A scenario that sells `units` of one SKU, to shoppers who never run out of money."""
    return Scenario.model_validate(
        {
            "name": "bench",
            "summary": "One hot SKU",
            "arrivals": {"shape": "constant", "per_s": 1, "duration_s": 1},
            "products": [
                {"id": "bench", "name": "Bench", "price_won": 1000, "sizes": [{"size": "1", "units": units}]}
            ],
            "shoppers": {"balance_won": 10**12},
        }
    )
