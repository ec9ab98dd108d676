"""A scenario: who comes when, what for, how patient they are. Read from a TOML file, never guessed."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

LIBRARY = Path(__file__).parent / "library"


class ScenarioError(ValueError):
    """A scenario that cannot be run; the text names the key, the value, and what was expected."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Constant(_Part):
    """Poisson arrivals at one rate."""

    shape: Literal["constant"]
    per_s: float = Field(gt=0)
    duration_s: float = Field(gt=0)


class RampStage(_Part):
    """From the rate reached so far, straight to `to_per_s`, within `duration_s`."""

    duration_s: float = Field(gt=0)
    to_per_s: float = Field(ge=0)


class Ramp(_Part):
    """Poisson arrivals whose rate goes from stage to stage in straight lines."""

    shape: Literal["ramp"]
    start_per_s: float = Field(ge=0)
    stages: tuple[RampStage, ...] = Field(min_length=1)


class Spike(_Part):
    """A lull, a jump at the release, and a decay that halves every `half_life_s`."""

    shape: Literal["spike"]
    lull_s: float = Field(ge=0)
    lull_per_s: float = Field(ge=0)
    peak_per_s: float = Field(gt=0)
    half_life_s: float = Field(gt=0)
    decay_s: float = Field(gt=0)


class Replay(_Part):
    """The counts of a CSV file (`second,count`), spread evenly at random within each second."""

    shape: Literal["replay"]
    file: Path


class Size(_Part):
    """One size of a product: a SKU. `popularity` is its weight among all SKUs in the scenario."""

    size: str = Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9.]+$")
    units: int = Field(ge=1, le=10_000_000)
    popularity: float = Field(default=1.0, gt=0)


class Product(_Part):
    """A product in several sizes at one price."""

    id: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")
    name: str = Field(min_length=1, max_length=200)
    price_won: int = Field(gt=0, le=1_000_000_000)
    sizes: tuple[Size, ...] = Field(min_length=1)


class Cart(_Part):
    """What one shopper wants. `lines[k]` is the chance of a cart with k + 1 different SKUs."""

    lines: tuple[float, ...] = Field(default=(1.0,), min_length=1, max_length=5)
    quantity: int = Field(default=1, ge=1, le=10)

    @model_validator(mode="after")
    def _chances_sum_to_one(self) -> Self:
        if min(self.lines) < 0 or abs(sum(self.lines) - 1) > 1e-6:
            raise ValueError(f"lines = {list(self.lines)}: chances are not negative and sum to 1")
        return self


class Retry(_Part):
    """What a shopper does after a conflict or no answer: the same key again, after a jittered backoff."""

    attempts: int = Field(default=3, ge=1, le=20)
    backoff_s: float = Field(default=0.2, ge=0)
    max_backoff_s: float = Field(default=2.0, ge=0)
    jitter: float = Field(default=0.5, ge=0, le=1)


class Bots(_Part):
    """Scripted shoppers: they skip the product page, and a sold-out size sends them to the next at once."""

    share: float = Field(default=0.0, ge=0, le=1)
    sizes_tried: int = Field(default=3, ge=1, le=20)


class Shoppers(_Part):
    """`population` people make the arrivals, chosen at random; none given: every arrival is a new person."""

    population: int | None = Field(default=None, ge=1, le=5_000_000)
    balance_won: int = Field(default=1_000_000, ge=0, le=10**12)
    patience_s: float = Field(default=10.0, gt=0)
    retry: Retry = Retry()
    bots: Bots = Bots()


class Scenario(_Part):
    """One product drop, ready to be run by Locust or by the model.

    `journey` is what every arrival does, in order. `max_lateness_p99_ms` is the bound above which the
    generator did not keep its schedule, which makes a run invalid.
    """

    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+$")
    summary: str = Field(min_length=1, max_length=300)
    arrivals: Annotated[Constant | Ramp | Spike | Replay, Field(discriminator="shape")]
    products: tuple[Product, ...] = Field(min_length=1)
    cart: Cart = Cart()
    shoppers: Shoppers = Shoppers()
    journey: tuple[Literal["browse", "order"], ...] = Field(default=("order",), min_length=1)
    max_lateness_p99_ms: float = Field(default=50.0, gt=0)
