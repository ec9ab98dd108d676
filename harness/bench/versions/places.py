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
    """A version that can be started."""

    checkout: Checkout
    database_url: str
    redis_url: str


def places(
    repository: Repository, base: Version, endpoints: Endpoints, folder: Path, live: Live
) -> dict[Side, Place]:
    """Put both versions into `folder`, and give each a database with its own schema.

    The working tree is copied, so that it may be edited meanwhile.

    Raises:
        UsageError: the base has no system.
        RunError: an environment or a schema could not be made.
    """
    repository.copy(folder / "ours")
    repository.unpack(base, folder / "base")
    return {
        side: _place(repository, side, number, endpoints, folder / side, live)
        for number, side in enumerate(SIDES, 1)
    }


def _place(
    repository: Repository, side: Side, number: int, endpoints: Endpoints, folder: Path, live: Live
) -> Place:
    live(f"the environment of {side}")
    python = python_for(folder / LOCK, repository.root / LOCK, repository.root / _ENVIRONMENTS)
    place = Place(
        checkout=Checkout(folder, python),
        database_url=asyncio.run(_new_database(endpoints.database_url, side)),
        redis_url=f"{endpoints.redis_url}?db={number}",
    )
    live(f"the schema of {side}")
    try:
        migrate(place.database_url, place.checkout)
    except RunError as error:
        raise RunError(f"{side}: {error}") from error
    return place


async def _new_database(url: str, name: str) -> str:
    """An empty database beside the one at `url`; its own URL."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return url.replace("/postgres?", f"/{name}?")
