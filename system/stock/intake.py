"""The intake: orders that are accepted now and decided later, and the decisions their shoppers wait for."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from system.errors import NotFound, ShopError
from system.orders.model import Order, Placed, Queued
from system.platform.database import Database
from system.platform.merging import Merger
from system.platform.refusals import meaning_of, meaning_of_state
from system.settings import Settings

_log = logging.getLogger(__name__)

_MOST_ORDERS = 500
_WATCH_S = 0.01
_MOST_DECISIONS = 5_000

_ENQUEUE = "SELECT states, answers FROM enqueue($1)"
_NEWEST = "SELECT coalesce(max(id), 0) FROM decisions"
_SINCE = "SELECT id, shopper, key, status, answer FROM decisions WHERE id > $1 ORDER BY id LIMIT $2"
# An order that was refused and came again is in both: then it waits.
_KNOWN = """
SELECT shopper, key, CASE WHEN i.id IS NULL THEN d.status ELSE 202 END AS status, d.answer
FROM unnest($1::bigint[], $2::text[]) AS o(shopper, key)
LEFT JOIN decisions d USING (shopper, key) LEFT JOIN intake i USING (shopper, key)
WHERE d.id IS NOT NULL OR i.id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a queued order: the status and body that a direct answer would have had."""

    status: int
    answer: str


class Intake:
    """Accepts orders into the log, and tells what was decided.

    Args:
        database: for the orders.
        watch: for what must not queue behind them.
    """

    def __init__(self, database: Database, watch: Database, settings: Settings) -> None:
        self._database = database
        self._watch = watch
        self._merger: Merger[Order, Placed | Queued] = Merger(
            self._enqueue, window_s=settings.batch_window_ms / 1000, most=_MOST_ORDERS
        )
        self._questions: Merger[tuple[int, str], Decision] = Merger(
            self._look_up, window_s=0, most=_MOST_ORDERS
        )
        self._waiting: defaultdict[tuple[int, str], set[asyncio.Future[Decision]]] = defaultdict(set)

    async def accept(self, order: Order) -> Placed | Queued:
        """Put `order` into the log for good, or give the answer that was kept for its key.

        Raises:
            KeyInProgress, KeyReused: the key belongs to another request.
        """
        return await self._merger.submit(order)

    async def _enqueue(self, orders: list[Order]) -> Sequence[Placed | Queued | Exception]:
        async with self._database.lane() as lane:
            try:
                row = await lane.driver.fetchrow(_ENQUEUE, json.dumps([order.row() for order in orders]))
            except asyncpg.PostgresError as error:
                raise meaning_of(error) from None
        return [_accepted(*one) for one in zip(orders, row["states"], row["answers"], strict=True)]

    async def decision(self, shopper: int, key: str, wait_s: float) -> Decision | None:
        """What became of an order, if it is decided within `wait_s`.

        Raises:
            NotFound: no order of `shopper` with this key was queued.
        """
        future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._waiting[shopper, key].add(future)
        try:
            found = await self._questions.submit((shopper, key))
            if found.status != 202:
                return found
            async with asyncio.timeout(wait_s):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting[shopper, key].discard(future)
            if not self._waiting[shopper, key]:
                del self._waiting[shopper, key]

    async def _look_up(self, keys: list[tuple[int, str]]) -> Sequence[Decision | ShopError]:
        async with self._database.lane() as lane:
            rows = await lane.driver.fetch(_KNOWN, *zip(*keys, strict=True))
        known = {(row["shopper"], row["key"]): Decision(row["status"], row["answer"]) for row in rows}
        return [
            known.get((shopper, key)) or NotFound(f"you have no queued order with key {key!r}")
            for shopper, key in keys
        ]

    async def watch(self) -> None:
        """Wake those who wait for a decision, for ever. Decisions have ids in the order of their commits."""
        last: int | None = None
        while True:
            await asyncio.sleep(_WATCH_S)
            if last is not None and not self._waiting:
                continue
            try:
                async with self._watch.lane() as lane:
                    if last is None:
                        last = await lane.driver.fetchval(_NEWEST)
                    rows = await lane.driver.fetch(_SINCE, last, _MOST_DECISIONS)
            except (OSError, ShopError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError):
                _log.warning("decisions could not be read", exc_info=True)
                continue
            for row in rows:
                last = row["id"]
                self._tell(row["shopper"], row["key"], Decision(row["status"], row["answer"]))

    def _tell(self, shopper: int, key: str, decision: Decision) -> None:
        for future in self._waiting.get((shopper, key), ()):
            if not future.done():
                future.set_result(decision)


def _accepted(order: Order, state: str, answer: str) -> Placed | Queued | Exception:
    match state:
        case "queued":
            return Queued(order.key)
        case "kept":
            return Placed(answer, replayed=True)
    return meaning_of_state(state, answer) or asyncpg.PostgresError.new({"C": state, "M": answer})
