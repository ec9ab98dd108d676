"""A scenario: who comes when, what for, how patient they are. Read from a TOML file, never guessed."""

from __future__ import annotations

import math
from collections import Counter
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from scenarios.complaints import nearest
from scenarios.reading import ReadingError, of_model, toml_document
from scenarios.shapes import Constant, Part, Ramp, Replay, Spike, read_counts

LIBRARY = Path(__file__).parent / "library"

_MOST_ARRIVALS = 20_000_000
_MOST_SKUS = 10_000
_SHORTEST_S, _LONGEST_S = 1e-6, 7 * 24 * 3600


class ScenarioError(ValueError):
    """A scenario that cannot be run; the text names the key, the value, and what was expected."""


class Size(Part):
    """One size of a product: a SKU. `popularity` is its weight among all SKUs in the scenario."""

    size: str = Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9.]+$")
    units: int = Field(ge=1, le=10_000_000)
    popularity: float = Field(default=1.0, gt=0)


class Product(Part):
    """A product in several sizes at one price, of each of which a shopper may buy `limit` units in all."""

    id: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")
    name: str = Field(min_length=1, max_length=200)
    price_won: int = Field(gt=0, le=1_000_000_000)
    limit: int | None = Field(default=None, ge=1, le=10_000_000)
    sizes: tuple[Size, ...] = Field(min_length=1)


class Sku(NamedTuple):
    """One size of one product, as carts, stock and history name it."""

    sku: str
    product: str
    price_won: int
    units: int
    popularity: float
    limit: int | None


class Cart(Part):
    """What one shopper wants. `lines[k]` is the chance of a cart with k + 1 different SKUs."""

    lines: tuple[float, ...] = Field(default=(1.0,), min_length=1, max_length=5)
    quantity: int = Field(default=1, ge=1, le=10)

    @model_validator(mode="after")
    def _chances_sum_to_one(self) -> Self:
        if min(self.lines) < 0 or abs(sum(self.lines) - 1) > 1e-6:
            raise ValueError(
                f"lines = {list(self.lines)} adds up to {sum(self.lines):g}; "
                "expected chances, none negative, that add up to 1"
            )
        return self


class Retry(Part):
    """What a shopper does after a conflict or no answer: the same key again, after a jittered backoff."""

    attempts: int = Field(default=3, ge=1, le=20)
    backoff_s: float = Field(default=0.2, ge=0, le=_LONGEST_S)
    max_backoff_s: float = Field(default=2.0, ge=0, le=_LONGEST_S)
    jitter: float = Field(default=0.5, ge=0, le=1)


class Bots(Part):
    """Scripted shoppers: they skip the product page, and a sold-out size sends them to the next at once."""

    share: float = Field(default=0.0, ge=0, le=1)
    sizes_tried: int = Field(default=3, ge=1, le=20)


class Shoppers(Part):
    """`population` people make the arrivals, chosen at random; none given: every arrival is a new person."""

    population: int | None = Field(default=None, ge=1, le=5_000_000)
    balance_won: int = Field(default=1_000_000, ge=0, le=10**12)
    patience_s: float = Field(default=10.0, gt=0, le=_LONGEST_S)
    retry: Retry = Retry()
    bots: Bots = Bots()


class Scenario(Part):
    """One product drop, ready to be run by Locust or by the model.

    `journey` is what every arrival does, in order. `max_lateness_p99_ms` is the bound above which the
    generator did not keep its schedule, which makes a run invalid. `sells_out` is false where the stock is
    meant to last: such a run is about speed, and nobody expects of it to prove that nothing is oversold.
    """

    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+$")
    summary: str = Field(min_length=1, max_length=300)
    arrivals: Annotated[Constant | Ramp | Spike | Replay, Field(discriminator="shape")]
    products: tuple[Product, ...] = Field(min_length=1)
    cart: Cart = Cart()
    shoppers: Shoppers = Shoppers()
    journey: tuple[Literal["browse", "order"], ...] = Field(default=("order",), min_length=1)
    max_lateness_p99_ms: float = Field(default=50.0, gt=0)
    sells_out: bool = True

    @cached_property
    def skus(self) -> tuple[Sku, ...]:
        """All SKUs, in the order of the file; carts refer to them by index."""
        return tuple(
            Sku(
                sku=f"{product.id}-{size.size}",
                product=product.id,
                price_won=product.price_won,
                units=size.units,
                popularity=size.popularity,
                limit=product.limit,
            )
            for product in self.products
            for size in product.sizes
        )

    @property
    def duration_s(self) -> float:
        """From the start of the run to the last moment at which a shopper may arrive."""
        return self.arrivals.duration_s

    def scaled(self, time: float) -> Self:
        """The same rates of arrival for `time` times as long; stock, patience and backoff stay as they are.

        Raises:
            ScenarioError: `time` is not a positive number, or leaves nobody (or far too many) to arrive.
        """
        if not (math.isfinite(time) and time > 0):
            raise ScenarioError(f"time scale {time:g}: expected a number above 0, such as 0.1")
        arrivals = self.arrivals.scaled(time)
        try:
            _require_a_crowd(arrivals.expected, arrivals.duration_s)
        except ValueError as error:
            raise ScenarioError(f"{self.name} at time scale {time:g}: {error}") from error
        return self.model_copy(update={"arrivals": arrivals})

    def crowded(self, times: float) -> Self:
        """`times` as many shoppers in the same time; where a population makes the arrivals, it grows as well.

        Raises:
            ScenarioError: `times` is not a positive number, or leaves nobody (or far too many) to arrive.
        """
        if not (math.isfinite(times) and times > 0):
            raise ScenarioError(f"a crowd {times:g} times as large: expected a number above 0, such as 2")
        arrivals, population = self.arrivals.denser(times), self.shoppers.population
        try:
            _require_a_crowd(arrivals.expected, arrivals.duration_s)
        except ValueError as error:
            raise ScenarioError(f"{self.name} with {times:g} times the crowd: {error}") from error
        people = population and max(1, round(population * times))
        shoppers = self.shoppers.model_copy(update={"population": people})
        return self.model_copy(update={"arrivals": arrivals, "shoppers": shoppers})

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        times_named = Counter(sku.sku for sku in self.skus)
        doubles = [name for name, times in times_named.items() if times > 1]
        if doubles:
            raise ValueError(f"products: {', '.join(doubles)} is there twice; expected every size once")
        if len(self.skus) > _MOST_SKUS:
            raise ValueError(f"products: {len(self.skus)} SKUs; expected at most {_MOST_SKUS}")
        if len(self.cart.lines) > len(self.skus):
            raise ValueError(
                f"cart.lines = {list(self.cart.lines)} has carts of {len(self.cart.lines)} different SKUs, "
                f"but products has only {len(self.skus)}; expected no more chances than SKUs"
            )
        strict = [product for product in self.products if (product.limit or math.inf) < self.cart.quantity]
        if strict:
            raise ValueError(
                f"cart.quantity = {self.cart.quantity}, but {strict[0].id} has limit = {strict[0].limit}, "
                "so nobody could ever buy it; expected a limit of at least that many"
            )
        if self.shoppers.bots.share > 0 and "order" not in self.journey:
            raise ValueError(
                f"shoppers.bots.share = {self.shoppers.bots.share:g}, but bots only order and "
                f"journey = {list(self.journey)}; expected share 0, or a journey with an order"
            )
        _require_a_crowd(self.arrivals.expected, self.arrivals.duration_s)
        return self


def _require_a_crowd(expected: float, duration_s: float) -> None:
    if expected <= 0:
        raise ValueError("arrivals: nobody would ever arrive; expected a rate or a count above 0")
    if expected > _MOST_ARRIVALS:
        raise ValueError(f"arrivals: {expected:,.0f} shoppers; expected at most {_MOST_ARRIVALS:,}")
    if not _SHORTEST_S <= duration_s <= _LONGEST_S:
        raise ValueError(
            f"arrivals: they last {duration_s:g} s; expected from {_SHORTEST_S:g} to {_LONGEST_S:,} (a week)"
        )


def names() -> list[str]:
    """The scenarios of the library."""
    return sorted(path.stem for path in LIBRARY.glob("*.toml"))


def names_beside(file: Path) -> list[str]:
    """The names that the scenarios in a file's folder have; what is no scenario there is passed over."""
    found = []
    for path in sorted(file.parent.glob("*.toml")):
        with suppress(ScenarioError):
            document = _document(path)
            name = document.get("name")
            if "arrivals" in document and isinstance(name, str):
                found.append(name)
    return found


def load(name_or_path: str | Path) -> Scenario:
    """A scenario of the library by its name, or of a TOML file by its path (ending in `.toml`).

    Raises:
        ScenarioError: there is no such scenario, or it is not one that can be run.
    """
    path = _find(str(name_or_path))
    document = _document(path)
    if not document:
        example = LIBRARY / "sneaker_drop.toml"
        raise ScenarioError(f"{path}: empty; expected a scenario (a copy of {example} is a good start)")
    try:
        return of_model(path, _with_counts(document, path), Scenario)
    except ReadingError as error:
        raise ScenarioError(str(error)) from error


def _find(name_or_path: str) -> Path:
    if name_or_path.endswith(".toml"):
        return Path(name_or_path)
    if name_or_path in names():
        return LIBRARY / f"{name_or_path}.toml"
    raise ScenarioError(
        f"no scenario {name_or_path!r}{nearest(name_or_path, names()) or ';'} "
        f"expected one of {', '.join(names())}, or the path of a .toml file"
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        return toml_document(path, expected="a TOML file")
    except ReadingError as error:
        raise ScenarioError(str(error)) from error


def _with_counts(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """The document with the counts that a replay refers to, read from their file."""
    arrivals = document.get("arrivals")
    if not isinstance(arrivals, dict) or arrivals.get("shape") != "replay" or "file" not in arrivals:
        return document
    file = path.parent / str(arrivals["file"])
    try:
        counts = read_counts(file)
    except ReadingError as error:
        raise ScenarioError(f"{path}: arrivals.file: {error}") from error
    return {**document, "arrivals": {**arrivals, "counts": counts}}
