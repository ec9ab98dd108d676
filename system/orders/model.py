"""What an order is, before anybody has looked at the stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from system.checkout.idempotency import fingerprint
from system.errors import SoldOut, UnknownSku
from system.platform.text import Sku

MOST_LINES = 20
MOST_UNITS = 100


class Line(BaseModel):
    """One SKU and how many of it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS)]


class Cart(BaseModel):
    """The body of `POST /orders`: different SKUs, at most 20 of them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    lines: Annotated[list[Line], Field(min_length=1, max_length=MOST_LINES)]

    @model_validator(mode="after")
    def _one_line_a_sku(self) -> Self:
        skus = [line.sku for line in self.lines]
        if len(set(skus)) < len(skus):
            twice = next(sku for sku in skus if skus.count(sku) > 1)
            raise ValueError(f"SKU {twice!r} is on more than one line; put its whole quantity on one")
        return self


@dataclass(frozen=True, slots=True)
class Order:
    """A cart with its shopper and idempotency key, and its SKUs in the order in which they are taken."""

    shopper: int
    key: str
    skus: list[str]
    quantities: list[int]
    fingerprint: str

    @classmethod
    def of(cls, shopper: int, key: str, cart: Cart, *, sort: bool = True) -> Self:
        """The order that `shopper` makes of `cart` under `key`; `sort`: by SKU; so no two carts deadlock."""
        lines = [(line.sku, line.quantity) for line in cart.lines]
        in_order = sorted(lines)
        digest = fingerprint("order", in_order)
        skus, quantities = zip(*(in_order if sort else lines), strict=True)
        return cls(shopper, key, list(skus), list(quantities), digest)

    def row(self) -> dict[str, Any]:
        """The order by the names of its fields: as the database's functions want it, and as it is queued."""
        return {
            "shopper": self.shopper,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "skus": self.skus,
            "quantities": self.quantities,
        }

    def require(self, available: Mapping[str, int]) -> None:
        """Refuse the order unless every line can be had from `available` (units by SKU).

        Raises:
            UnknownSku: a SKU is not in `available`.
            SoldOut: fewer units are available than the line asks for.
        """
        for sku, quantity in zip(self.skus, self.quantities, strict=True):
            if sku not in available:
                raise UnknownSku.of(sku)
            if available[sku] < quantity:
                raise SoldOut.of(sku)

    def left_of(self, available: Mapping[str, int]) -> list[int]:
        """Units that remain of each SKU once this order has taken its own."""
        return [available[sku] - quantity for sku, quantity in zip(self.skus, self.quantities, strict=True)]


@dataclass(frozen=True, slots=True)
class Placed:
    """An order on record. `answer` is the response's body; `replayed`: kept from an earlier request."""

    answer: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """An order that was accepted, to be decided soon, whatever happens meanwhile."""

    key: str
