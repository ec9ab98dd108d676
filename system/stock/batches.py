"""Batches of orders in one transaction: locked, decided, written, committed once for all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import asyncpg

from system.errors import ShopError
from system.orders.batch import Accepted, Known, Sku, decide
from system.orders.model import Order, Placed
from system.platform.database import Database
from system.platform.merging import Merger
from system.platform.refusals import meaning_of
from system.settings import Settings

MOST_ORDERS = 500

_OPEN = """
SELECT order_ids, claimed, kept::text, wallets::text, stock::text, bought::text
FROM open_batch($1, $2, $3, $4)
"""
_WRITE = "SELECT write_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"


class Batches:
    """The orders of a worker, merged: who comes while a batch is under way is in the next one."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._merger: Merger[Order, Placed] = Merger(
            self._place, window_s=settings.batch_window_ms / 1000, most=MOST_ORDERS
        )

    async def place(self, order: Order) -> Placed:
        """Place `order` together with others.

        Raises:
            ShopError: the refusals named in `Strategy.place`.
        """
        return await self._merger.submit(order)

    async def _place(self, orders: list[Order]) -> Sequence[Placed | ShopError]:
        async with self._database.lane() as lane, lane.driver.transaction():
            return await place_batch(lane.driver, orders)


async def place_batch(
    driver: asyncpg.Connection, orders: Sequence[Order], *, owned: bool = False
) -> list[Placed | ShopError]:
    """Place all `orders` that can be had, in their order, inside the transaction of `driver`.

    Args:
        owned: the orders' keys are the caller's already, since they wait in the log.

    Raises:
        Conflict: others held the rows for too long; nothing was placed.
    """
    try:
        known = await _open(driver, orders, owned)
        decided, accepted = decide(orders, known)
        if accepted.order_ids:
            await _write(driver, accepted)
    except asyncpg.PostgresError as error:
        raise meaning_of(error) from None
    return decided


async def _open(driver: asyncpg.Connection, orders: Sequence[Order], owned: bool) -> Known:
    shoppers = [order.shopper for order in orders]
    keys = [order.key for order in orders]
    skus = list({sku for order in orders for sku in order.skus})
    row = await driver.fetchrow(_OPEN, shoppers, keys, skus, owned)
    return Known(
        order_ids=row["order_ids"],
        claimed=row["claimed"],
        kept={(shopper, key): (digest, answer) for shopper, key, digest, answer in _list(row["kept"])},
        balances_won={int(shopper): won for shopper, won in _dict(row["wallets"]).items()},
        skus={sku: Sku(*facts) for sku, facts in _dict(row["stock"]).items()},
        bought={(sku, shopper): units for sku, shopper, units in _list(row["bought"])},
    )


async def _write(driver: asyncpg.Connection, accepted: Accepted) -> None:
    await driver.execute(
        _WRITE,
        *(accepted.order_ids, accepted.shoppers, accepted.keys, accepted.fingerprints, accepted.totals_won),
        *(accepted.answers, accepted.line_order_ids, accepted.line_shoppers, accepted.line_skus),
        *(accepted.line_quantities, accepted.line_prices_won),
    )


def _list(document: str | None) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(document or "[]")
    return found


def _dict(document: str | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document or "{}")
    return found
