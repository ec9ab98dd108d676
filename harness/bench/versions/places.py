"""Where each version is while it is compared: its code, its Python, its database and its part of Redis."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from harness.bench.versions.environment import python_for
from harness.bench.versions.repository import LOCK, Repository, Version
from harness.bench.versions.shapes import SIDES, Side
from harness.checkout import Checkout
from harness.display import Live
from harness.errors import RunError
from harness.servers import Endpoints
from harness.shop import migrate

_ENVIRONMENTS = ".bench"  # in the checkout, where .gitignore and `make clean` know it


@dataclass(frozen=True)
class Place:
    """A version that can be started, and its databases, one for each pair.

    Where a database happens to have its pages makes a difference, too. If it were the same one in all pairs,
    that would look like a difference between the versions.
    """

    checkout: Checkout
    database_urls: tuple[str, ...]
    redis_url: str


def places(
    repository: Repository, base: Version, pairs: int, endpoints: Endpoints, folder: Path, live: Live
) -> dict[Side, Place]:
    """Put both versions into `folder`, and give each databases with its own schema.

    The working tree is copied, so that it may be edited meanwhile.

    Raises:
        UsageError: the base has no system.
        RunError: an environment or a schema could not be made.
    """
    repository.copy(folder / "ours")
    repository.unpack(base, folder / "base")
    checkouts: dict[Side, Checkout] = {}
    for side in SIDES:
        live(f"the environment of {side}")
        lock, ours = folder / side / LOCK, repository.root / LOCK
        checkouts[side] = Checkout(folder / side, python_for(lock, ours, repository.root / _ENVIRONMENTS))
    live("the databases")
    return {
        side: Place(
            checkout=checkout,
            database_urls=_databases(side, checkout, pairs, endpoints.database_url),
            redis_url=f"{endpoints.redis_url}?db={number}",
        )
        for number, (side, checkout) in enumerate(checkouts.items(), 1)
    }


def _databases(side: Side, checkout: Checkout, pairs: int, server_url: str) -> tuple[str, ...]:
    names = [f"{side}_{number}" for number in range(pairs)]
    asyncio.run(_execute(server_url, f"CREATE DATABASE {side}"))
    try:
        migrate(_beside(server_url, side), checkout)
    except RunError as error:
        raise RunError(f"{side}: {error}") from error
    asyncio.run(_execute(server_url, *(f"CREATE DATABASE {name} TEMPLATE {side}" for name in names)))
    return tuple(_beside(server_url, name) for name in names)


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _beside(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return url.replace("/postgres?", f"/{name}?")
