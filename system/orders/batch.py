"""Many orders decided in one go, by the rules that one order is decided by. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from system.errors import (
    InsufficientFunds,
    KeyInProgress,
    KeyReused,
    LimitReached,
    ShopError,
    SoldOut,
    UnknownSku,
)
from system.orders.model import Order, Placed


@dataclass(slots=True)
class Sku:
    """What is known of a SKU: units left, price, and how many one shopper may buy (None: any number)."""

    available: int
    price_won: int
    most_each: int | None


@dataclass(slots=True)
class Known:
    """All that deciding a batch needs, as it is while nobody else can change it.

    `order_ids` and `claimed` go with the orders of the batch: a new id for each, and whether its key is free.
    """

    order_ids: list[UUID]
    claimed: list[bool]
    kept: dict[tuple[int, str], tuple[str, str]]  # (shopper, key): fingerprint and answer
    balances_won: dict[int, int]
    skus: dict[str, Sku]
    bought: dict[tuple[str, int], int]  # (sku, shopper): units, of limited SKUs


@dataclass(slots=True)
class Accepted:
    """The orders of a batch to be written, column by column; lines in columns of their own."""

    order_ids: list[UUID] = field(default_factory=list)
    shoppers: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    fingerprints: list[str] = field(default_factory=list)
    totals_won: list[int] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    line_order_ids: list[UUID] = field(default_factory=list)
    line_shoppers: list[int] = field(default_factory=list)
    line_skus: list[str] = field(default_factory=list)
    line_quantities: list[int] = field(default_factory=list)
    line_prices_won: list[int] = field(default_factory=list)


def decide(orders: Sequence[Order], known: Known) -> tuple[list[Placed | ShopError], Accepted]:
    """What becomes of each order, the earlier ones first served, and what is to be written.

    `known` is used up: afterwards it is what it will be once the accepted orders are written.
    """
    accepted = Accepted()
    decided: list[Placed | ShopError] = []
    for order, order_id, claimed in zip(orders, known.order_ids, known.claimed, strict=True):
        try:
            decided.append(_decide(order, order_id, claimed, known, accepted))
        except ShopError as refusal:
            decided.append(refusal)
    return decided, accepted


def _decide(order: Order, order_id: UUID, claimed: bool, known: Known, accepted: Accepted) -> Placed:
    kept = known.kept.get((order.shopper, order.key))
    if kept is not None:
        if kept[0] != order.fingerprint:
            raise KeyReused.of(order.key)
        return Placed(kept[1], replayed=True)
    if not claimed:
        raise KeyInProgress.of(order.key)
    lines = list(zip(order.skus, order.quantities, strict=True))
    total_won = _require(order, lines, known)
    answer = _answer(order_id, total_won, lines, known)
    _take(order, lines, total_won, answer, known)
    _add(accepted, order, order_id, lines, total_won, answer, known)
    return Placed(answer, replayed=False)


def _require(order: Order, lines: Iterable[tuple[str, int]], known: Known) -> int:
    """What the order costs, if it can be had whole."""
    total_won = 0
    for sku, quantity in lines:
        if sku not in known.skus:
            raise UnknownSku.of(sku)
        total_won += known.skus[sku].price_won * quantity
    for sku, quantity in lines:
        most = known.skus[sku].most_each
        if most is not None and known.bought.get((sku, order.shopper), 0) + quantity > most:
            raise LimitReached.of(sku)
    if known.balances_won.get(order.shopper, 0) < total_won:
        raise InsufficientFunds.of(total_won)
    for sku, quantity in lines:
        if known.skus[sku].available < quantity:
            raise SoldOut.of(sku)
    return total_won


def _take(order: Order, lines: Iterable[tuple[str, int]], total_won: int, answer: str, known: Known) -> None:
    for sku, quantity in lines:
        known.skus[sku].available -= quantity
        if known.skus[sku].most_each is not None:
            has = known.bought.get((sku, order.shopper), 0)
            known.bought[sku, order.shopper] = has + quantity
    known.balances_won[order.shopper] -= total_won
    known.kept[order.shopper, order.key] = (order.fingerprint, answer)


def _add(
    accepted: Accepted,
    order: Order,
    order_id: UUID,
    lines: Iterable[tuple[str, int]],
    total_won: int,
    answer: str,
    known: Known,
) -> None:
    accepted.order_ids.append(order_id)
    accepted.shoppers.append(order.shopper)
    accepted.keys.append(order.key)
    accepted.fingerprints.append(order.fingerprint)
    accepted.totals_won.append(total_won)
    accepted.answers.append(answer)
    for sku, quantity in lines:
        accepted.line_order_ids.append(order_id)
        accepted.line_shoppers.append(order.shopper)
        accepted.line_skus.append(sku)
        accepted.line_quantities.append(quantity)
        accepted.line_prices_won.append(known.skus[sku].price_won)


def _answer(order_id: UUID, total_won: int, lines: Iterable[tuple[str, int]], known: Known) -> str:
    """The bytes that `claim_order` makes of the same order."""
    items = ",".join(
        f'{{"sku":{_quoted(sku)},"quantity":{quantity},"price_won":{known.skus[sku].price_won}}}'
        for sku, quantity in lines
    )
    return f'{{"order_id":"{order_id}","state":"paid","total_won":{total_won},"lines":[{items}]}}'


@lru_cache(10_000)
def _quoted(sku: str) -> str:
    return json.dumps(sku)
