"""What the wrong ways have in common: a place in a race, and SQL that is told as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from system.orders.model import Order, Placed
from system.races.sql_words import Rows
from system.races.watched import WatchedDriver, WatchedRedis
from system.races.worker import RaceBackroom
from system.stock.port import Strategy
from system.stock.shop import Shop

_RECORD = """
SELECT c.answer, c.replayed, CASE WHEN NOT c.replayed THEN
       book_order(c.order_id, $1, $2, $4, $5, c.prices, c.limits, c.total) END
FROM claim_order($1, $2, $3, $4, $5) AS c
"""

_ENTER = """
WITH c AS (SELECT * FROM claim_order($1, $2, $3, $4, $5)),
     o AS (INSERT INTO orders (id, shopper, key, state, total_won)
           SELECT order_id, $1, $2, 'paid', total FROM c WHERE NOT replayed),
     l AS (INSERT INTO order_lines (order_id, sku, quantity, price_won)
           SELECT c.order_id, u.sku, u.quantity, c.prices[1]
           FROM c, unnest($4::text[], $5::bigint[]) AS u(sku, quantity)
           WHERE NOT c.replayed AND u.quantity > 0)
SELECT answer, replayed FROM c
"""


class WrongWay(Strategy):
    """A strategy that a race shows to be wrong."""

    safe = False

    async def look_after(self, redis: WatchedRedis) -> None:
        """What is done every second about what Redis counts: nothing."""


@asynccontextmanager
async def connection(shop: Shop) -> AsyncIterator[WatchedDriver]:
    """A connection of the pool, in autocommit."""
    async with shop.backroom.database.lane() as lane:
        yield cast("WatchedDriver", lane.driver)


@asynccontextmanager
async def transaction(shop: Shop) -> AsyncIterator[WatchedDriver]:
    """A connection of the pool, in a transaction."""
    async with connection(shop) as driver, driver.transaction():
        yield driver


def redis_of(shop: Shop) -> WatchedRedis:
    """The Redis client that the race gave the shop."""
    return cast("RaceBackroom", shop.backroom).redis


async def record(driver: WatchedDriver, order: Order) -> Placed:
    """All of an order but its stock, as the shop writes it: key, order, lines, wallet, ledger."""
    rows = await driver.step(
        "place_order",
        _RECORD,
        *(order.shopper, order.key, order.fingerprint, order.skus, order.quantities),
        text="INSERT order, pay",
        seen=_kept_or_done,
    )
    return Placed(rows[0]["answer"], rows[0]["replayed"])


async def enter(driver: WatchedDriver, order: Order) -> Placed:
    """The key, the order and its lines, for one who has paid; what is ordered may be less than nothing."""
    rows = await driver.step(
        "insert_order",
        _ENTER,
        *(order.shopper, order.key, order.fingerprint, order.skus, order.quantities),
        text="INSERT order, unless its key is known",
        seen=_kept_or_done,
    )
    return Placed(rows[0]["answer"], rows[0]["replayed"])


def _kept_or_done(rows: Rows) -> str:
    return "the key is known: its answer again" if rows[0]["replayed"] else "done"
