"""PostgreSQL: one small pool, SQLAlchemy for the ordinary statements, asyncpg for the hot ones.

A strategy's statements run on the asyncpg connection itself: SQLAlchemy's execution of the same statement
costs eight times the processor time (140 against 18 microseconds), and an order under a spike has none to
spare. The connection still comes from SQLAlchemy's pool, so there is one pool and one limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from system.errors import Overloaded
from system.settings import Settings


def create_engine(database_url: str, pool_size: int, **server_settings: str) -> AsyncEngine:
    """An autocommitting engine on asyncpg that never opens more than `pool_size` connections.

    `server_settings` are PostgreSQL's parameters for every session.
    """
    engine = create_async_engine(
        make_url(database_url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        connect_args={"server_settings": {"application_name": "dropday", **server_settings}},
    )
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    return engine


def _replace_if_closed(adapted: Any, *_: object) -> None:
    if adapted.driver_connection.is_closed():
        raise DisconnectionError("the server closed this connection")  # the pool opens another


class Database:
    """A pool of connections of one worker process; every way in waits its turn, first come, first served.

    Each raises `Overloaded` when no connection comes free within `pool_timeout_s`.
    """

    def __init__(self, settings: Settings, pool_size: int) -> None:
        self._engine = create_engine(
            settings.database_url, pool_size, lock_timeout=f"{settings.lock_timeout_ms}ms"
        )
        self._transactional = self._engine.execution_options(isolation_level="READ COMMITTED")
        # asyncio.Semaphore is fair; in the pool's own queue a newcomer overtakes those who wait.
        self._turns = asyncio.Semaphore(pool_size)
        self._timeout_s = settings.pool_timeout_s

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[asyncpg.Connection]:
        """The asyncpg connection itself, in autocommit, for the statements that must be fast."""
        await self._turn()
        try:
            pooled = await self._engine.raw_connection()
            try:
                yield pooled.driver_connection
            except asyncio.CancelledError:
                pooled.invalidate()  # cut off in mid-statement: its state is not known
                raise
            finally:
                pooled.close()
        finally:
            self._turns.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A SQLAlchemy connection in autocommit."""
        await self._turn()
        try:
            async with self._engine.connect() as connection:
                yield connection
        finally:
            self._turns.release()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A SQLAlchemy transaction: committed at the end, rolled back on any exception."""
        await self._turn()
        try:
            async with self._transactional.begin() as connection:
                yield connection
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._turns.acquire()
        except TimeoutError:
            raise Overloaded(
                f"no database connection came free within {self._timeout_s:g} s; try again later"
            ) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
