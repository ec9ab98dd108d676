"""PostgreSQL: a fixed set of connections a worker, SQLAlchemy for ordinary statements, asyncpg for hot ones.

A strategy's statements run on the asyncpg connection underneath. Where the database shares the cores, every
line of Python runs with cold caches, and SQLAlchemy's way to a statement costs more than the statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from types import TracebackType

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from system.errors import Overloaded
from system.platform.refusals import meaning_of
from system.settings import Isolation, Settings


def create_engine(database_url: str, pool_size: int, **server_settings: str) -> AsyncEngine:
    """An autocommitting engine on asyncpg that never opens more than `pool_size` connections.

    `server_settings` are PostgreSQL's parameters for every session.
    """
    return create_async_engine(
        make_url(database_url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        connect_args={"server_settings": {"application_name": "dropday", **server_settings}},
    )


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection, as SQLAlchemy and as asyncpg see it."""

    connection: AsyncConnection
    driver: asyncpg.Connection


class Database:
    """The lanes of one worker process, taken in turns: first come, first served.

    `isolation` is that of every transaction on them. Every way in raises `Overloaded` when no lane came free
    within `pool_timeout_s`.
    """

    def __init__(self, settings: Settings, pool_size: int, isolation: Isolation = "read committed") -> None:
        self._engine = create_engine(
            settings.database_url,
            pool_size,
            lock_timeout=f"{settings.lock_timeout_ms}ms",
            default_transaction_isolation=isolation,
        )
        # asyncio.Semaphore is fair; in a pool on asyncio.Queue a newcomer overtakes those who wait.
        self._turns = asyncio.Semaphore(pool_size)
        self._idle: list[Lane] = []
        self._timeout_s = settings.pool_timeout_s

    def lane(self) -> LaneTurn:
        """A lane, in autocommit, for as long as the `async with` block lasts."""
        return LaneTurn(self)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A SQLAlchemy connection in autocommit."""
        async with self.lane() as lane:
            yield lane.connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A SQLAlchemy connection in a transaction: committed at the end, rolled back on any exception.

        It is READ COMMITTED, whatever a strategy needs for its orders: what is done here is not tried again.

        Raises:
            TryAgain, Conflict: others got in between, or held a lock for too long.
        """
        try:
            async with self.lane() as lane, lane.driver.transaction(isolation="read_committed"):
                yield lane.connection
        except (asyncpg.PostgresError, DBAPIError) as error:
            raise meaning_of(error) from error

    async def take(self) -> Lane:
        """Wait for a turn and take a lane; `put_back` ends the turn."""
        since = monotonic()
        await self._turns.acquire()
        try:
            # Looked at when the turn has come: a timer for every order would cost more than it saves.
            if monotonic() - since > self._timeout_s:
                raise Overloaded(
                    f"no database connection came free within {self._timeout_s:g} s; try again later"
                )
            while self._idle:
                lane = self._idle.pop()  # the last one used: its server process is still warm
                if not lane.driver.is_closed():
                    return lane
                await _discard(lane)
            return await self._open()
        except BaseException:
            self._turns.release()
            raise

    async def put_back(self, lane: Lane, cut_off: bool) -> None:
        """End the turn. A lane that was `cut_off` in mid-statement is closed: its state is not known."""
        try:
            if cut_off:
                await _discard(lane)
            else:
                self._idle.append(lane)
        finally:
            self._turns.release()

    async def _open(self) -> Lane:
        connection = await self._engine.connect()
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)  # noqa: S101 - what create_engine asks for
        return Lane(connection, driver)

    async def close(self) -> None:
        """Close every lane."""
        for lane in self._idle:
            await lane.connection.close()
        await self._engine.dispose()


async def _discard(lane: Lane) -> None:
    """Close a lane for good. If it were only closed, SQLAlchemy would hand it out again, dead or not."""
    await lane.connection.invalidate()
    await lane.connection.close()


class Turn:
    """One lane, held. A class with slots: on the hot path a generator for it would cost twice as much."""

    __slots__ = ("_database", "_lane")

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self) -> Lane:
        """Wait for a lane, and hold it until `__aexit__`."""
        self._lane = await self._database.take()
        return self._lane

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cut_off = kind is not None and not issubclass(kind, Exception)
        await self._database.put_back(self._lane, cut_off)


class LaneTurn(Turn):
    """`async with` around one lane."""

    __slots__ = ()

    async def __aenter__(self) -> Lane:
        return await self.take()
