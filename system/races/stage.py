"""Where a scene is played: the shop on its servers, who takes part, and what happens by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import cast

import asyncpg
from redis.asyncio import Redis

import system.wallets.tables  # noqa: F401 - a reset empties the tables that were imported
from system.admin.service import Admin, ProductSeed, Seed, SizeSeed
from system.platform.redis import FENCE, HOLDS, PREFIX
from system.races.actor import Actor
from system.races.locks import SessionLocks
from system.races.race import Race, Scene
from system.races.timeline import Timeline
from system.races.verdict import Buying
from system.races.watched import WatchedDriver
from system.races.worker import Lines, Worker, settings_of
from system.races.wrong.way import WrongWay
from system.stock.port import RedisRole, Strategy
from system.workers.logs import Accepted, Stream

SKU = "dunk-270"
_PRICE_WON = 100_000
_OPENING_WON = 1_000_000
_MOST_SHOPPERS = 5
_LAST_TOKEN = 32
_EXPIRE_RESERVATIONS = "UPDATE reservations SET expires_at = clock_timestamp() WHERE state = 'held'"


@dataclass(frozen=True, slots=True)
class Servers:
    """PostgreSQL with the shop's schema, and Redis. What they hold of a shop is lost."""

    database_url: str
    redis_url: str
    database: asyncpg.Connection
    redis: Redis


@dataclass
class Stage:
    """A scene under way."""

    race: Race
    scene: Scene
    servers: Servers
    at_the_end: AsyncExitStack
    timeline: Timeline = field(default_factory=Timeline)
    actors: list[Actor] = field(default_factory=list)
    buyings: list[Buying] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._locks = SessionLocks(self.servers.database)
        self._workers: list[Worker] = []

    async def open(self) -> None:
        """Empty the shop and stock it for the race."""
        office = await self._new_worker(self.scene.strategy)
        admin = Admin(
            office.database, office.redis, office.settings, office.identity, office.board, office.strategy
        )
        sizes = [SizeSeed(size=size, units=units) for size, units in self.race.units.items()]
        dunk = ProductSeed(id="dunk", name="Dunk Low", price_won=_PRICE_WON, sizes=sizes)
        await admin.reset(Seed(products=[dunk], shoppers=_MOST_SHOPPERS, balance_won=_OPENING_WON))
        await self.servers.redis.set(FENCE, _LAST_TOKEN)
        self._admin = admin

    async def close(self) -> None:
        """Let everybody come to an end, and Redis be set right, as the shop does every second."""
        while waiting := [actor for actor in self.actors if not actor.has_ended and not actor.dead]:
            for actor in waiting:
                await actor.ends()
        if self.scene.strategy.redis is RedisRole.STOCK:
            await self._look_after_redis(only_if_changed=True)

    # Who takes part.

    async def shopper(
        self,
        cart: Lines = ((SKU, 1),),
        *,
        strategy: type[Strategy] | None = None,
        finds_deadlocks: bool = False,
    ) -> Actor:
        """The next shopper (A, B, C), about to send an order for `cart` the scene's strategy or another.

        `finds_deadlocks`: looks for a circle as soon as it waits, so that it is the victim.
        """
        number = len(self.buyings)
        actor = await self._buying(chr(ord("A") + number), number, "cart", tuple(cart), strategy)
        if finds_deadlocks:
            actor.deadlock_ms = 5
        return actor

    async def again(self, actor: Actor) -> Actor:
        """The same shopper, about to send the same order with the same key once more."""
        before = next(buying for buying in self.buyings if buying.actor is actor)
        return await self._buying(f"{actor.name}'", before.shopper, before.key, before.lines, None)

    async def asks(self, actor: Actor) -> None:
        """The shopper asks what became of an order, if it was queued."""
        buying = next(buying for buying in self.buyings if buying.actor is actor)
        if actor.answer != "202 queued":
            return
        worker = self._workers[0]
        actor.answer = await worker.decision(buying.shopper, buying.key)
        self.timeline.add(actor.name, "decision", f"GET /orders/queued/{buying.key}", actor.answer)

    async def consumer(self, name: str) -> Actor:
        """A consumer of the queue, about to work off once what is there."""
        worker = await self._worker(self.scene.strategy)
        connection = await asyncpg.connect(self.servers.database_url)
        driver = cast("asyncpg.Connection", WatchedDriver(connection))

        async def work() -> str:
            try:
                writer = self.scene.writer(driver)
                in_redis = worker.strategy.redis is RedisRole.STOCK
                log = Stream(worker.redis, worker.redis_stock) if in_redis else Accepted(driver)
                await writer.owns_the_log()
                while deliveries := await log.read():
                    await log.settle(deliveries, await writer.decide(deliveries))
                return "the queue is empty"
            finally:
                connection.terminate()

        return self._actor(name, work)

    async def _buying(
        self,
        name: str,
        number: int,
        key: str,
        lines: tuple[tuple[str, int], ...],
        strategy: type[Strategy] | None,
    ) -> Actor:
        worker = await self._worker(strategy or self.scene.strategy)
        actor = self._actor(name, lambda: worker.serve(number, key, lines))
        actor.reads_versions = worker.strategy.name == "optimistic_lock"
        self.buyings.append(Buying(actor, number, key, lines))
        return actor

    def _actor(self, name: str, work: Callable[[], Awaitable[str]]) -> Actor:
        actor = Actor(name, work, self.timeline, self._locks)
        self._locks.actors.append(actor)
        self.actors.append(actor)
        return actor

    async def _worker(self, strategy: type[Strategy]) -> Worker:
        """A worker for the next actor: one of its own, or the one that all share."""
        shared = self.race.one_worker or not self.actors
        if shared and strategy is self.scene.strategy:
            return self._workers[0]
        return await self._new_worker(strategy)

    async def _new_worker(self, strategy: type[Strategy]) -> Worker:
        servers = self.servers
        settings = settings_of(servers.database_url, servers.redis_url, self.scene.axes)
        worker = Worker(settings, strategy(), self.scene.board, self.scene.checks_carts)
        self.at_the_end.push_async_callback(worker.close)
        await worker.open()
        self._workers.append(worker)
        return worker

    # What happens by itself.

    def notes(self, text: str) -> None:
        """Something that nobody does, in the timeline."""
        self.timeline.add("", "", text)

    async def time_passes(self, what: str) -> None:
        """Every lease, hold and reservation runs out: `what` that means. Nobody sleeps for it."""
        redis = self.servers.redis
        for hold in await redis.zrange(HOLDS, 0, -1):
            await redis.zadd(HOLDS, {str(hold): 1})
        async for key in redis.scan_iter(match=f"{PREFIX}*"):
            if await redis.pttl(key) > 0:
                await redis.pexpire(key, 0)
        await self.servers.database.execute(_EXPIRE_RESERVATIONS)
        self.notes(f"time passes: {what}")

    async def redis_forgets(self) -> None:
        """Redis is killed and comes back empty."""
        redis = self.servers.redis
        await redis.delete(*[key async for key in redis.scan_iter(match=f"{PREFIX}*")])
        self.notes("Redis is killed, and comes back empty")

    async def redis_is_looked_after(self) -> None:
        """What each worker does every second: set Redis right, if there is a reason."""
        await self._look_after_redis()

    async def _look_after_redis(self, *, only_if_changed: bool = False) -> None:
        before = await self._workers[0].redis.left()
        for worker in self._workers:
            strategy = worker.strategy
            if isinstance(strategy, WrongWay):
                await strategy.look_after(worker.redis)
            else:
                await worker.redis_stock.set_right()
        after = await self._workers[0].redis.left()
        if after != before or not only_if_changed:
            self.notes(f"every second Redis is looked after: it had {before} left, now {after}")

    async def database_learns_sizes(self) -> None:
        """What PostgreSQL does by itself every minute."""
        await self.servers.database.execute("ANALYZE stock")
        self.notes("PostgreSQL notes that the table is small (ANALYZE): a read of it reads all of it")

    async def counts_orders(self) -> None:
        """How many orders there are at this moment."""
        orders = await self.servers.database.fetchval("SELECT count(*) FROM orders")
        self.notes(f"the database has {orders} order{'' if orders == 1 else 's'}")

    async def restock(self, units: int) -> None:
        """More units are put on sale."""
        await self._admin.restock("restock", SKU, units)
        self.notes(f"{units} more of {SKU} {'is' if units == 1 else 'are'} put on sale")

    async def boards_are_refreshed(self) -> None:
        """What each worker does ten times a second: read which SKUs are gone."""
        await asyncio.gather(*(worker.board.refresh() for worker in self._workers))
        self.notes("ten times a second each worker reads which SKUs are gone")
