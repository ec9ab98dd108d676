"""The statements of one order, each timed by its span."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg

from system.orders.model import Order, Placed
from system.platform.refusals import meaning_of
from system.platform.spans import Spans
from system.settings import Settings


class Take(Enum):
    """How the units are taken: a function of the schema, and what it is given.

    $1, $2, $4, $5: shopper, key, SKUs, quantities. $6: what the strategy knows of the stock.
    """

    IF_ENOUGH = "take_if_enough($4, $5)"
    IF_UNCHANGED = "take_if_unchanged($4, $5, $6)"  # the versions that were read
    IF_FENCED = "take_if_fenced($4, $5, $6)"  # the lease's token
    UNCHECKED = "take($4, $5)"
    OVERWRITE = "overwrite_stock($4, $6)"  # the units to be left
    UNIT_ROWS = "take_units(c.order_id, $6)"  # the rows that were locked
    FROM_BUCKETS = "take_from_buckets($1, $4, $5)"
    RESERVED = "sell_reserved($1, $2, $6, $4)"  # the hold


@dataclass(frozen=True, slots=True)
class Levels:
    """What a read of the stock saw, by SKU."""

    available: dict[str, int]
    versions: dict[str, int]


_READ = "SELECT sku, available, version FROM stock WHERE sku = ANY($1)"
_LOCK = f"{_READ} ORDER BY array_position($1, sku) FOR UPDATE"
_LOCK_UNITS = "SELECT lock_units($1, $2, $3, $4)"
_LOCK_NAMES = (
    "SELECT pg_advisory_xact_lock(hashtextextended('sku ' || sku, 0)) FROM unnest($1::text[]) AS sku"
)
_READ_BEHIND_FENCE = "SELECT sku, available, version FROM read_behind_fence($1, $2)"
_RESERVE = "SELECT reserve($1, $2, $3, $4, $5)"
_RELEASE = "DELETE FROM reservations WHERE shopper = $1 AND key = $2 AND hold = $3 AND state = 'held'"

_CLAIM = "claim_order($1, $2, $3, $4, $5) AS c"
_BOOK = "book_order(c.order_id, $1, $2, $4, $5, c.prices, c.limits, c.total)"
_PAY = f"SELECT c.answer, c.replayed, CASE WHEN NOT c.replayed THEN {_BOOK} END FROM {_CLAIM}"  # noqa: S608


def _placing(*steps: str) -> str:
    done = ", ".join(f"CASE WHEN NOT c.replayed THEN {step} END" for step in steps)
    return f"SELECT c.answer, c.replayed, {done} FROM {_CLAIM}"  # noqa: S608 - constants


_PLACE = {
    "last": {take: _placing(_BOOK, take.value) for take in Take},
    "first": {take: _placing(take.value, _BOOK) for take in Take},
}
_TAKE_LOCKED = "SELECT take($1, $2)"


class Statements:
    """The statements of one order, on one connection."""

    __slots__ = ("_connection", "_paid", "_settings", "_spans")

    def __init__(self, connection: asyncpg.Connection, settings: Settings, spans: Spans) -> None:
        self._connection = connection
        self._settings = settings
        self._spans = spans
        self._paid: Placed | None = None

    async def read_stock(self, skus: list[str]) -> Levels:
        """The stock of `skus`, locked by nobody."""
        return _levels(await self._fetch("read_stock", _READ, skus))

    async def read_behind_fence(self, skus: list[str], token: int) -> Levels:
        """The stock of `skus`, which holders of an older token can no longer write.

        Raises:
            TryAgain: a younger token was here.
        """
        return _levels(await self._fetch("read_stock", _READ_BEHIND_FENCE, skus, token))

    async def lock_stock(self, skus: list[str]) -> Levels:
        """The stock of `skus`, locked one after the other until the transaction ends.

        Raises:
            Conflict: another transaction held a row for longer than `lock_timeout_ms`.
        """
        return _levels(await self._fetch("lock_row", _LOCK, skus))

    async def lock_units(self, order: Order) -> list[int]:
        """Rows of units for the order that nobody else has locked, locked until the transaction ends.

        Raises:
            SoldOut: there are too few, now.
            KeyInProgress: the order's key is in use, or used.
        """
        wanted = (order.shopper, order.key, order.skus, order.quantities)
        rows = await self._fetch("lock_row", _LOCK_UNITS, *wanted)
        units: list[int] = rows[0][0]
        return units

    async def lock_names(self, skus: list[str]) -> None:
        """Locks that bear the names of `skus` and protect nothing by themselves; until the transaction ends.

        Raises:
            Conflict: another transaction held one for longer than `lock_timeout_ms`.
        """
        await self._fetch("advisory_lock", _LOCK_NAMES, skus)

    async def reserve(self, order: Order) -> UUID:
        """Hold the order's units for `hold_ttl_ms`; the hold's name.

        Raises:
            SoldOut: too few are neither sold nor held.
            KeyInProgress: this order holds units already.
        """
        ttl_ms = self._settings.hold_ttl_ms
        wanted = (order.shopper, order.key, order.skus, order.quantities)
        rows = await self._fetch("reserve", _RESERVE, *wanted, ttl_ms)
        hold: UUID = rows[0][0]
        return hold

    async def release(self, order: Order, hold: UUID) -> None:
        """Give the units of the order's hold back, unless they are sold."""
        await self._fetch("release", _RELEASE, order.shopper, order.key, hold)

    async def pay_before_lock(self, order: Order) -> None:
        """Where payment is outside the lock: all of the order but its stock, now.

        Raises:
            ShopError: the refusals named in `Strategy.place`.
        """
        if self._settings.payment == "outside":
            self._paid = _placed(await self._fetch("place_order", _PAY, *_identity(order)))

    async def place(self, order: Order, take: Take, known: Any = None) -> Placed:
        """Everything that follows the stock decision, and the taking itself, in one statement.

        Args:
            known: what the strategy knows of the stock, as `take` wants it.

        Raises:
            TryAgain: the stock is not as it was known.
            ShopError: the refusals named in `Strategy.place`.
        """
        if self._paid is not None:
            return await self._take_locked(self._paid, order)
        arguments = _identity(order) if known is None else (*_identity(order), known)
        statement = _PLACE[self._settings.stock_statement][take]
        return _placed(await self._fetch("place_order", statement, *arguments))

    async def _take_locked(self, paid: Placed, order: Order) -> Placed:
        if not paid.replayed:
            await self._fetch("write_stock", _TAKE_LOCKED, order.skus, order.quantities)
        return paid

    async def _fetch(self, span: str, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        since = perf_counter()
        try:
            rows: list[asyncpg.Record] = await self._connection.fetch(statement, *arguments)
            return rows
        except asyncpg.PostgresError as error:
            raise meaning_of(error) from None
        finally:
            self._spans.add(span, since)


def _identity(order: Order) -> tuple[int, str, str, list[str], list[int]]:
    return order.shopper, order.key, order.fingerprint, order.skus, order.quantities


def _placed(rows: list[asyncpg.Record]) -> Placed:
    answer, replayed = rows[0][:2]
    return Placed(answer, replayed)


def _levels(rows: list[asyncpg.Record]) -> Levels:
    return Levels(
        available={row["sku"]: row["available"] for row in rows},
        versions={row["sku"]: row["version"] for row in rows},
    )
