"""Where queued orders come from: PostgreSQL's log of what was accepted, or a stream in Redis."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from system.orders.model import Order
from system.platform.redis import QUEUE
from system.stock.redis_stock import RedisStock
from system.workers.writer import Delivery

MOST_ORDERS = 500

_GROUP = "writers"
_WRITER = "writer"  # always the same name: what its predecessor read and did not settle is its own
_ACCEPTED = "SELECT id, shopper, key, skus, quantities, fingerprint FROM intake ORDER BY id LIMIT $1"


class Log(Protocol):
    """Orders in the order in which they were accepted."""

    async def read(self) -> list[Delivery]:
        """The next orders that are not settled, at most `MOST_ORDERS`; none when all are."""

    async def settle(self, deliveries: Sequence[Delivery], sold: Sequence[bool]) -> None:
        """They are decided; `sold` as `Writer.decide` returned it. Without this they come again."""


class Accepted:
    """The intake itself is the log: what is decided is deleted in the same transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def read(self) -> list[Delivery]:
        rows = await self._connection.fetch(_ACCEPTED, MOST_ORDERS)
        return [Delivery(str(row["id"]), Order(*row[1:])) for row in rows]

    async def settle(self, deliveries: Sequence[Delivery], sold: Sequence[bool]) -> None:
        pass


class Stream:
    """A Redis stream of orders that hold their units in Redis."""

    def __init__(self, redis: Redis, stock: RedisStock) -> None:
        self._redis = redis
        self._stock = stock

    async def read(self) -> list[Delivery]:
        entries = await self._read("0") or await self._read(">")
        return [Delivery(source, Order(**json.loads(fields["order"]))) for source, fields in entries]

    async def _read(self, after: str) -> list[tuple[str, dict[str, str]]]:
        """Entries that were read and not settled (`0`), or that nobody has read (`>`)."""
        try:
            answer: Any = await self._redis.xreadgroup(_GROUP, _WRITER, {QUEUE: after}, count=MOST_ORDERS)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self._redis.xgroup_create(QUEUE, _GROUP, id="0", mkstream=True)
            return []
        return list(answer[0][1]) if answer else []

    async def settle(self, deliveries: Sequence[Delivery], sold: Sequence[bool]) -> None:
        await asyncio.gather(
            *(
                (self._stock.confirm if is_sold else self._stock.release)(delivery.order)
                for delivery, is_sold in zip(deliveries, sold, strict=True)
            )
        )
        sources = [delivery.source for delivery in deliveries]
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(QUEUE, _GROUP, *sources)
            pipeline.xdel(QUEUE, *sources)
            await pipeline.execute()
