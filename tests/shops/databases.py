"""Databases and corners of Redis: two shops share the servers and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import asyncpg

from system.migrations.run import migrate

_numbers = count()
_free_in_redis = list(range(1, 16))  # a database for each open shop that uses Redis; the others share 0


def new_database(url: str, name: str | None = None) -> str:
    """A database with the schema, beside the one at `url`; its own URL."""
    return _created(url, name or f"shop_{next(_numbers)}", template=_migrated(url))


def empty_database(url: str, name: str) -> str:
    """A database without any table, beside the one at `url`; its own URL."""
    return _created(url, name, template="template0")


@contextmanager
def place_in_redis(url: str, *, taken: bool) -> Iterator[str]:
    """The URL of a database of Redis: of one's own where it is `taken`, else of one that nobody writes to."""
    number = _free_in_redis.pop() if taken else 0
    try:
        yield f"{url}?db={number}"
    finally:
        if taken:
            _free_in_redis.append(number)


@cache
def _migrated(url: str) -> str:
    """The name of the database that others are copied from: a copy takes a tenth of the migrations' time."""
    name = "migrated"
    asyncio.run(migrate(empty_database(url, name)))
    return name


def _created(url: str, name: str, *, template: str) -> str:
    asyncio.run(_create(url, name, template))
    return url.replace("/postgres?", f"/{name}?")


async def _create(url: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()
