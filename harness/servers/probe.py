"""Ask servers who they are: the one check that is the same wherever they come from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import asyncpg
from redis import Redis, RedisError

from harness.errors import UsageError

_PATIENCE_S = 5.0


def versions(database_url: str, redis_url: str) -> Mapping[str, str]:
    """The versions of both servers, {"postgres": "18.1", "redis": "7.4.0"}.

    Raises:
        UsageError: one of them does not answer, refuses, or its URL is not one.
    """
    with ThreadPoolExecutor(1) as thread:  # the caller may be in an event loop, which cannot hold another
        postgres = thread.submit(lambda: asyncio.run(_postgres_version(database_url))).result()
    return {"postgres": postgres, "redis": _redis_version(redis_url)}


async def _postgres_version(url: str) -> str:
    try:
        connection = await asyncpg.connect(url, timeout=_PATIENCE_S)
        try:
            return str(await connection.fetchval("SHOW server_version")).split()[0]
        finally:
            await connection.close()
    except (OSError, ValueError, OverflowError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UsageError(
            f"PostgreSQL at {_without_password(url)} cannot be used: {_reason(error)}. Expected the URL of a "
            f"running server and an existing database, like postgresql://user:password@127.0.0.1:5432/dropday."
        ) from error


def _redis_version(url: str) -> str:
    try:
        with Redis.from_url(url, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S) as redis:
            return str(redis.info("server")["redis_version"])
    except (OSError, ValueError, RedisError) as error:
        raise UsageError(
            f"Redis at {_without_password(url)} cannot be used: {_reason(error)}. Expected the URL of a "
            f"running server, like redis://127.0.0.1:6379/0."
        ) from error


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or f"{type(error).__name__} after {_PATIENCE_S:g} s"


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{account.partition(':')[0]}{at}{place}"
