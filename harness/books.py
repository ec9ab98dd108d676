"""Reads the books of a run straight from PostgreSQL and Redis: the system's own word is not taken for it."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Any

import asyncpg
from redis import Redis

from scenarios.books import (
    BookedLine,
    BookedOrder,
    Books,
    DecisionRow,
    IntakeRow,
    KeyRow,
    StockRow,
    Wallets,
)

_STOCK = """
    SELECT sku, initial, restocked, stock_left.available, stock_left.reserved
    FROM stock JOIN stock_left USING (sku) ORDER BY sku
"""
_ORDERS = """
    SELECT id::text AS order_id, shopper, key, state, total_won,
           (extract(epoch FROM placed_at) - $1::float8)::float8 AS placed_s
    FROM orders ORDER BY placed_at, id
"""
_LINES = "SELECT order_id::text, sku, quantity, price_won FROM order_lines ORDER BY order_id, sku"
_WALLETS = """
    SELECT shopper, opening_won, balance_won, coalesce(sum(amount_won), 0)::bigint AS ledger_won,
           coalesce(sum(amount_won) FILTER (WHERE kind = 'charge'), 0)::bigint AS charged_won
    FROM wallets LEFT JOIN ledger USING (shopper) GROUP BY shopper, opening_won, balance_won ORDER BY shopper
"""
_KEYS = """
    SELECT shopper, key, order_id::text FROM idempotency_keys
    WHERE order_id IS NOT NULL ORDER BY shopper, key
"""
_DECISIONS = """
    SELECT shopper, key, status, CASE WHEN status = 201 THEN '' ELSE answer::json ->> 'code' END AS code
    FROM decisions ORDER BY id
"""
_INTAKE = "SELECT shopper, key FROM intake ORDER BY id"

# Where the system keeps its stock in Redis.
_REDIS_STOCK = "dropday:stock"  # hash: SKU -> units neither sold nor held
_REDIS_HOLDS = "dropday:holds"  # sorted set of live holds
_REDIS_HOLD = "dropday:hold:"  # + hold: hash of SKU -> units


def read_books(*, database_url: str, redis_url: str, began_unix_s: float, in_redis: bool) -> Books:
    """The books as they are now.

    Args:
        began_unix_s: the moment that `placed_s` counts from.
        in_redis: whether the strategy keeps stock in Redis too; otherwise what Redis says is left out.
    """
    available, held = _redis_stock(redis_url) if in_redis else ({}, Counter())
    tables = asyncio.run(_tables(database_url, began_unix_s))
    lines: defaultdict[str, list[BookedLine]] = defaultdict(list)
    for row in tables[_LINES]:
        order_id = row.pop("order_id")
        lines[order_id].append(BookedLine(**row))
    return Books(
        stock=tuple(
            StockRow(
                **row | {"reserved": row["reserved"] + held[row["sku"]]},
                redis_available=available.get(row["sku"]),
            )
            for row in tables[_STOCK]
        ),
        orders=tuple(BookedOrder(**row, lines=tuple(lines[row["order_id"]])) for row in tables[_ORDERS]),
        wallets=Wallets(**{name: [row[name] for row in tables[_WALLETS]] for name in Wallets.model_fields}),
        keys=tuple(KeyRow(**row) for row in tables[_KEYS]),
        decisions=tuple(DecisionRow(**row) for row in tables[_DECISIONS]),
        intake=tuple(IntakeRow(**row) for row in tables[_INTAKE]),
    )


async def _tables(database_url: str, began_unix_s: float) -> dict[str, list[dict[str, Any]]]:
    """The rows of every query, all as of one moment."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows = {_ORDERS: await connection.fetch(_ORDERS, began_unix_s)}
            for query in (_STOCK, _LINES, _WALLETS, _KEYS, _DECISIONS, _INTAKE):
                rows[query] = await connection.fetch(query)
            return {query: [dict(row) for row in found] for query, found in rows.items()}
    finally:
        await connection.close()


def _redis_stock(redis_url: str) -> tuple[dict[str, int], Counter[str]]:
    """Units by SKU that Redis has for sale, and that it holds."""
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        available = {sku: int(units) for sku, units in redis.hgetall(_REDIS_STOCK).items()}
        held: Counter[str] = Counter()
        for hold in redis.zrange(_REDIS_HOLDS, 0, -1):
            held.update({sku: int(units) for sku, units in redis.hgetall(_REDIS_HOLD + hold).items()})
        return available, held
