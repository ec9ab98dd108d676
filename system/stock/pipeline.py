"""Statement pipelining: orders that wait at the same time go to the database in one message.

Each is still a transaction of its own. What is saved are the round trips between them: where the worker and
the database share the cores, every change from one to the other finds cold caches, which costs an order more
than its statements do. Orders of one SKU share a lane, one message at a time: they never queue for its row.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import asyncpg

from system.orders.model import Order, Placed
from system.platform.database import Database
from system.platform.merging import Merger
from system.platform.refusals import meaning_of_state
from system.platform.spans import Spans
from system.settings import Settings
from system.stock.statements import Take

_PLACE = "CALL place_orders($1, $2, $3, NULL, NULL)"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that is to be sent, and since when it waits for its lane."""

    order: Order
    spans: Spans
    since: float


class Pipeline:
    """The orders of a worker on their way to the database, for one way to take their stock."""

    TAKES = (Take.IF_ENOUGH, Take.FROM_BUCKETS)  # those that need to know nothing beforehand

    def __init__(self, database: Database, settings: Settings, take: Take) -> None:
        self._database = database
        self._take = take
        self._stock_first = settings.stock_statement == "first"
        self._lanes: list[Merger[Waiting, Placed]] = [
            Merger(self._send, window_s=0, most=settings.pipeline) for _ in range(settings.pool_size)
        ]

    async def place(self, order: Order, spans: Spans) -> Placed:
        """Place `order` in a transaction of its own.

        Raises:
            ShopError: the refusals named in `Strategy.place`.
        """
        lane = self._lanes[zlib.crc32(order.skus[0].encode()) % len(self._lanes)]
        return await lane.submit(Waiting(order, spans, perf_counter()))

    async def _send(self, waiting: list[Waiting]) -> Sequence[Placed | Exception]:
        async with self._database.lane() as lane:
            since = perf_counter()
            for one in waiting:
                one.spans.add("pool", one.since)
            try:
                message = json.dumps([one.order.row() for one in waiting])
                row = await lane.driver.fetchrow(_PLACE, message, self._take.name, self._stock_first)
            finally:
                for one in waiting:
                    one.spans.add("place_order", since)
        return [_outcome(state, answer) for state, answer in zip(row["states"], row["answers"], strict=True)]


def _outcome(state: str, answer: str) -> Placed | Exception:
    if state in ("new", "kept"):
        return Placed(answer, replayed=state == "kept")
    return meaning_of_state(state, answer) or asyncpg.PostgresError.new({"C": state, "M": answer})
