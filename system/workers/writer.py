"""Decides queued orders by the batch, each exactly once, however often it is delivered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from system.errors import ShopError, document_of
from system.orders.model import Order, Placed
from system.stock.batches import place_batch

# Locks with two numbers never meet those with one, which are of keys and SKUs.
_OWN = "SELECT pg_try_advisory_lock(7231, 45)"
# An order is decided while it is in the intake, and leaves it with its decision: who comes for it again finds
# nothing to decide, whatever the log says.
_KNOWN = """
SELECT o.source, d.status, i.id IS NOT NULL AS waits
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS o(shopper, key, source, fingerprint)
LEFT JOIN decisions d USING (shopper, key, source) LEFT JOIN intake i USING (shopper, key, fingerprint)
"""
# A key can come into the log once more at the very moment that its order is placed. What was decided stays,
# but is told again, by a new number: somebody waits for it.
_RECORD = """
WITH decided AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[], $5::text[])
        AS d(shopper, key, status, answer, source)
), gone AS (
    DELETE FROM intake i USING decided d WHERE (i.shopper, i.key) = (d.shopper, d.key)
)
INSERT INTO decisions (shopper, key, status, answer, source) SELECT * FROM decided
ON CONFLICT (shopper, key) DO UPDATE SET id = DEFAULT
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order as it came from the log; `source` names the entry, and is the same when it comes again."""

    source: str
    order: Order


class Writer:
    """The one process that decides. What it decides with is what it owns the log with: one connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def owns_the_log(self) -> bool:
        """Whether this is the one writer; if not, another is at work."""
        owns: bool = await self._connection.fetchval(_OWN)
        return owns

    async def decide(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Decide what is undecided of `deliveries` in one transaction.

        Returns:
            For each, whether its units are sold by this very delivery, now or when it came before. If not,
            they are to be given back: the order was refused, or placed by another delivery.
        """
        async with self._connection.transaction():
            known = await self._known(deliveries)
            sold = {source: status == 201 for source, status, _ in known}
            waiting = {source for source, status, waits in known if waits and status is None}
            new = _first_of_each_key(delivery for delivery in deliveries if delivery.source in waiting)
            if new:
                placed = await place_batch(self._connection, [one.order for one in new], owned=True)
                await self._record(new, placed)
                sold |= {one.source: isinstance(result, Placed) and not result.replayed
                         for one, result in zip(new, placed, strict=True)}  # fmt: skip
        return [sold[delivery.source] for delivery in deliveries]

    async def _known(self, deliveries: Sequence[Delivery]) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._connection.fetch(
            _KNOWN,
            [delivery.order.shopper for delivery in deliveries],
            [delivery.order.key for delivery in deliveries],
            [delivery.source for delivery in deliveries],
            [delivery.order.fingerprint for delivery in deliveries],
        )
        return rows

    async def _record(self, deliveries: Sequence[Delivery], results: Sequence[Placed | ShopError]) -> None:
        answers = [
            (201, result.answer) if isinstance(result, Placed) else (result.status, document_of(result))
            for result in results
        ]
        await self._connection.execute(
            _RECORD,
            [delivery.order.shopper for delivery in deliveries],
            [delivery.order.key for delivery in deliveries],
            [status for status, _ in answers],
            [answer for _, answer in answers],
            [delivery.source for delivery in deliveries],
        )


def _first_of_each_key(deliveries: Iterable[Delivery]) -> list[Delivery]:
    first: dict[tuple[int, str], Delivery] = {}
    for delivery in deliveries:
        first.setdefault((delivery.order.shopper, delivery.order.key), delivery)
    return list(first.values())
