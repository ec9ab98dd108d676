"""What a strategy works with: a unit of work for each order, and what its worker keeps for all of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import asyncpg

from system.errors import Conflict, TryAgain
from system.orders.model import Order, Placed
from system.platform.database import Database, Lane, Turn
from system.platform.leases import Leases
from system.platform.refusals import meaning_of
from system.platform.spans import Spans
from system.settings import Settings
from system.stock.batches import Batches
from system.stock.board import Board
from system.stock.intake import Intake
from system.stock.pipeline import Pipeline
from system.stock.redis_stock import RedisStock
from system.stock.statements import Statements, Take

_MOST_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class Backroom:
    """What a worker has once, for all of its orders."""

    settings: Settings
    database: Database
    board: Board
    leases: Leases
    redis_stock: RedisStock
    pipelines: Mapping[Take, Pipeline]
    batches: Batches
    intake: Intake


@dataclass(frozen=True, slots=True)
class Shop:
    """What a strategy may use for one order."""

    backroom: Backroom
    spans: Spans

    @property
    def settings(self) -> Settings:
        return self.backroom.settings

    def leases(self, order: Order, *, fenced: bool = False) -> AbstractAsyncContextManager[int]:
        """Leases on all SKUs of `order`, as of `Leases.on`. Who had to wait looks at the board again.

        Raises:
            KnownToBeGone: it was sold out meanwhile.
            Conflict: others held a lease for longer than `lock_timeout_ms`.
        """
        look_again = partial(self.backroom.board.check, order)
        return self.backroom.leases.on(order.skus, self.spans, fenced=fenced, in_turn=look_again)

    def autocommit(self) -> Autocommit:
        """A connection on which every statement is a transaction of its own."""
        return Autocommit(self)

    async def place(self, order: Order, take: Take) -> Placed:
        """Place `order` by one statement, which is a transaction of its own.

        Raises:
            ShopError: the refusals named in `Strategy.place`.
        """
        if self.settings.pipeline > 1:
            return await self.backroom.pipelines[take].place(order, self.spans)
        async with self.autocommit() as tx:
            return await tx.place(order, take)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """A transaction: committed at the end, rolled back on any exception.

        Raises:
            TryAgain: the commit would not have been serializable.
        """
        since = perf_counter()
        async with self.backroom.database.lane() as lane:
            self.spans.add("pool", since)
            with self.spans.span("begin"):
                await lane.driver.execute("BEGIN")
            try:
                yield self.statements(lane)
            except Exception:
                if not lane.driver.is_closed():
                    await lane.driver.execute("ROLLBACK")
                raise
            with self.spans.span("commit"):
                await _commit(lane)

    async def retrying(self, attempt: Callable[[Order, Shop], Awaitable[Placed]], order: Order) -> Placed:
        """What `attempt` gives, tried again after a random pause for as long as it raises `TryAgain`.

        Raises:
            Conflict: all `tries` were in vain.
        """
        for tried in range(self.settings.tries):
            if tried:
                await asyncio.sleep(_backoff_s(tried, self.settings.backoff_ms))
            with suppress(TryAgain):
                return await attempt(order, self)
        raise Conflict(f"others bought the same SKU first, {self.settings.tries} times in a row; try again")

    def statements(self, lane: Lane) -> Statements:
        """The statements of this order, on `lane`."""
        return Statements(lane.driver, self.settings, self.spans)


class Autocommit(Turn):
    """`async with` around the statements of a lane; a class for the reason that `Turn` is one."""

    __slots__ = ("_shop",)

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.backroom.database)
        self._shop = shop

    async def __aenter__(self) -> Statements:
        since = perf_counter()
        lane = await self.take()
        self._shop.spans.add("pool", since)
        return self._shop.statements(lane)


async def _commit(lane: Lane) -> None:
    try:
        await lane.driver.execute("COMMIT")
    except asyncpg.PostgresError as error:
        raise meaning_of(error) from None


def _backoff_s(tried: int, first_ms: float) -> float:
    """Full jitter below a ceiling that doubles, 64 times at most (Brooker, "Exponential Backoff")."""
    ceiling_ms = first_ms * 2.0 ** min(tried - 1, _MOST_DOUBLINGS)
    return random.uniform(0, ceiling_ms) / 1000  # noqa: S311 - not a secret
