"""The use cases of orders."""

from __future__ import annotations

from time import perf_counter
from uuid import UUID

from system.checkout.idempotency import KNOWN_ORDER
from system.errors import Conflict, KeyInProgress, KeyReused, LimitReached, NotFound, SoldOut
from system.orders import queries
from system.orders.model import Order, Placed, Queued
from system.orders.queries import OrderView
from system.platform.database import Database
from system.platform.spans import Spans
from system.stock.board import KnownToBeGone
from system.stock.intake import Decision
from system.stock.port import Strategy
from system.stock.shop import Backroom, Shop


class Orders:
    """Places and reads orders, with one stock strategy."""

    def __init__(self, database: Database, backroom: Backroom, strategy: Strategy) -> None:
        self._database = database
        self._backroom = backroom
        self._strategy = strategy

    async def place(self, order: Order, spans: Spans) -> Placed | Queued:
        """Place or queue `order`, or give again the answer kept for its key.

        A refusal has no effect and uses up no key: the same key may be tried again later.

        Raises:
            ShopError: the refusals named in `Strategy.place`.
        """
        since = perf_counter()
        gone = self._backroom.board.sold_out(order)
        if gone is not None:
            spans.add("board", since)
            raise SoldOut.of(gone)
        try:
            return await self._strategy.place(order, Shop(self._backroom, spans))
        except KnownToBeGone:
            raise
        except (SoldOut, LimitReached, Conflict, KeyInProgress):
            # Perhaps it was this very order, sent before, that took the last unit, or holds one still.
            known = await self._known(order, spans)
            if known is None:
                raise
            return known

    async def _known(self, order: Order, spans: Spans) -> Placed | Queued | None:
        """What became of this order when it was sent before, if it was done or queued."""
        with spans.span("kept_answer"):
            async with self._database.lane() as lane:
                row = await lane.driver.fetchrow(KNOWN_ORDER, order.shopper, order.key)
        if row is None:
            return None
        if row["fingerprint"] != order.fingerprint:
            raise KeyReused.of(order.key)
        return Queued(order.key) if row["answer"] is None else Placed(row["answer"], replayed=True)

    async def decision(self, shopper: int, key: str, wait_s: float) -> Decision | None:
        """What became of a queued order, if it is decided within `wait_s`.

        Raises:
            NotFound: no order of `shopper` with this key was queued.
        """
        return await self._backroom.intake.decision(shopper, key, wait_s)

    async def one(self, shopper: int, order_id: UUID) -> OrderView:
        """One order of `shopper`.

        Raises:
            NotFound: there is none with this id, or it is somebody else's.
        """
        async with self._database.reading() as connection:
            found = await queries.orders_of(connection, shopper, order_id)
        if not found:
            raise NotFound(f"you have no order {order_id}")
        return found[0]

    async def of(self, shopper: int) -> list[OrderView]:
        """The newest orders of `shopper`, the newest first."""
        async with self._database.reading() as connection:
            return await queries.orders_of(connection, shopper)
