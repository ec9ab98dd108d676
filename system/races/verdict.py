"""What came of a race, by the books: orders are counted, no counter is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import asyncpg
from redis.asyncio import Redis

from system.platform.redis import HOLD, HOLDS, STOCK
from system.races.actor import Actor

_STOCK = """
SELECT s.sku, s.initial + s.restocked AS stock, l.available AS counter,
       coalesce((SELECT sum(quantity) FROM order_lines o WHERE o.sku = s.sku), 0)::bigint AS sold
FROM stock s JOIN stock_left l USING (sku) ORDER BY s.sku
"""
_ORDERS = "SELECT shopper, key, count(*) AS orders FROM orders GROUP BY shopper, key ORDER BY shopper, key"
_MONEY = """
SELECT w.shopper, w.opening_won - w.balance_won AS paid_won,
       coalesce((SELECT sum(l.quantity * l.price_won) FROM orders o JOIN order_lines l ON l.order_id = o.id
                 WHERE o.shopper = w.shopper), 0)::bigint AS owed_won
FROM wallets w ORDER BY w.shopper
"""


class Kind(StrEnum):
    """What can be wrong."""

    OVERSOLD = "oversold"
    LOST = "lost"
    TWICE = "twice"
    REFUSED = "refused wrongly"
    DRIFT = "drift"
    MONEY = "money"
    STARVED = "starved"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in a sentence."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Buying:
    """A shopper's order as it was sent, with who sent it."""

    actor: Actor
    shopper: int
    key: str
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A SKU: units put on sale, units in orders, what the database counts as left, and what Redis does."""

    sku: str
    stock: int
    sold: int
    counter: int
    redis: int | None

    @property
    def left(self) -> int:
        return self.stock - self.sold

    def __str__(self) -> str:
        redis = "" if self.redis is None else f", Redis {self.redis}"
        return f"{self.sku}: {self.stock} in stock, {self.sold} sold, counter {self.counter}{redis}"


@dataclass(frozen=True, slots=True)
class Books:
    """PostgreSQL and Redis at rest. `orders`: how many a (shopper, key) has; `overpaid_won`: by
    shopper, what was paid beyond what is in the orders."""

    levels: tuple[Level, ...]
    orders: Mapping[tuple[int, str], int]
    overpaid_won: Mapping[int, int]


async def read_books(database: asyncpg.Connection, redis: Redis, *, in_redis: bool) -> Books:
    """The books as they are; Redis' side only if units are counted there."""
    rows = await database.fetch(_STOCK)
    in_memory = {row["sku"]: await _in_redis(redis, row["sku"]) for row in rows} if in_redis else {}
    return Books(
        levels=tuple(
            Level(row["sku"], row["stock"], row["sold"], row["counter"], in_memory.get(row["sku"]))
            for row in rows
        ),
        orders={(row["shopper"], row["key"]): row["orders"] for row in await database.fetch(_ORDERS)},
        overpaid_won={
            row["shopper"]: row["paid_won"] - row["owed_won"] for row in await database.fetch(_MONEY)
        },
    )


async def _holds(redis: Redis) -> list[str]:
    return [str(hold) for hold in await redis.zrange(HOLDS, 0, -1)]


async def _in_redis(redis: Redis, sku: str) -> int:
    """Units that Redis has for sale, and holds."""
    held = [await redis.hmget(f"{HOLD}{hold}", [sku, "sold"]) for hold in await _holds(redis)]
    for_sale = int(await redis.hget(STOCK, sku) or 0)
    return for_sale + sum(int(units or 0) for units, sold in held if not sold)


def judge(books: Books, buyings: Sequence[Buying]) -> list[Finding]:
    """All that is wrong."""
    return [
        *_oversold(books),
        *_lost(books, buyings),
        *_refused(books, buyings),
        *_drifted(books),
        *_money(books, buyings),
        *_starved_or_failed(buyings),
    ]


def _oversold(books: Books) -> Iterator[Finding]:
    for level in books.levels:
        if level.left < 0:
            hides = " The counter does not show it." if level.counter >= 0 else ""
            yield Finding(
                Kind.OVERSOLD, f"{-level.left} of {level.sku} sold that {_are(-level.left)} not there.{hides}"
            )


def _lost(books: Books, buyings: Sequence[Buying]) -> Iterator[Finding]:
    for buying in buyings:
        orders = books.orders.get((buying.shopper, buying.key), 0)
        if _told(buying, "201") and not orders:
            yield Finding(Kind.LOST, f"{buying.actor.name} was told 201 and has no order.")
        if orders > 1:
            yield Finding(Kind.TWICE, f"{buying.actor.name} ordered once and has {orders} orders.")


def _refused(books: Books, buyings: Sequence[Buying]) -> Iterator[Finding]:
    left = {level.sku: level.left for level in books.levels}
    for buying in buyings:
        code = (buying.actor.answer or "").partition(" ")[2]
        could_be_had = all(left.get(sku, 0) >= units > 0 for sku, units in buying.lines)
        if code in {"sold_out", "conflict"} and could_be_had:
            rest = ", ".join(f"{left[sku]} of {sku}" for sku, _ in buying.lines)
            yield Finding(Kind.REFUSED, f"{buying.actor.name} was told {code}, with {rest} left.")


def _drifted(books: Books) -> Iterator[Finding]:
    for level in books.levels:
        if level.left < 0:
            continue
        if level.counter != level.left:
            yield Finding(
                Kind.DRIFT, f"The counter says {level.counter} of {level.sku}, the orders leave {level.left}."
            )
        if level.redis is not None and level.redis != level.left:
            yield Finding(
                Kind.DRIFT, f"Redis says {level.redis} of {level.sku}, the orders leave {level.left}."
            )


def _money(books: Books, buyings: Sequence[Buying]) -> Iterator[Finding]:
    names = {buying.shopper: buying.actor.name for buying in reversed(buyings)}
    for shopper, won in books.overpaid_won.items():
        if won > 0:
            yield Finding(Kind.MONEY, f"{names[shopper]} paid {won:,} won for which there is no order.")
        if won < 0:
            yield Finding(Kind.MONEY, f"{names[shopper]} has {-won:,} won that nobody paid in.")


def _starved_or_failed(buyings: Sequence[Buying]) -> Iterator[Finding]:
    for buying in buyings:
        if buying.actor.starved:
            yield Finding(Kind.STARVED, f"{buying.actor.name} waited for others, who wanted another SKU.")
        if _told(buying, "5"):
            yield Finding(Kind.ERROR, f"{buying.actor.name} met an error where a refusal was due.")


def _told(buying: Buying, status: str) -> bool:
    return (buying.actor.answer or "").startswith(status)


def _are(units: int) -> str:
    return "was" if units == 1 else "were"
