"""Batches of a worker that is watched: who of its shoppers acts for all, and who waits for the next batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from system.errors import ShopError
from system.orders.model import Order, Placed
from system.platform.database import Database
from system.races.actor import Actor, Step, acting
from system.settings import Settings
from system.stock.batches import Batches

_BATCH = Step("batch", "join the next batch of this worker")


class WatchedBatches(Batches):
    """The first shopper of a batch acts for all in it; the others wait, as does whoever comes meanwhile."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(database, settings)
        self._senders: dict[tuple[int, str], Actor] = {}
        self._at_work: Actor | None = None

    async def place(self, order: Order) -> Placed:
        actor = acting.get()
        assert actor is not None  # noqa: S101 - in a race somebody always acts
        self._senders[order.shopper, order.key] = actor
        if self._at_work is not None:
            actor.hangs(_BATCH, f"waits for {self._at_work.name}'s batch", self._is_waiting(actor))
        return await super().place(order)

    def _is_waiting(self, actor: Actor) -> Callable[[], bool]:
        return lambda: self._at_work not in (None, actor)

    async def _place(self, orders: list[Order]) -> Sequence[Placed | ShopError]:
        first = self._senders[orders[0].shopper, orders[0].key]
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a merger works in one
        first.helpers.add(task)
        acting.set(first)
        self._at_work = first
        try:
            await first.turn()
            return await super()._place(orders)
        finally:
            self._at_work = None
