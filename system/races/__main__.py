"""`python -m system.races NAME ..`: play races; none named: all. `list`: their names and titles, as JSON.

The servers are those of DROPDAY_DATABASE_URL, with the shop's schema, and DROPDAY_REDIS_URL; what a shop
left in them is lost. With `--markdown` first, the races are printed as a page. Exit code 1: a race did not
end as it should; 2: wrong usage; 3: it could not be played.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
from redis.asyncio import Redis

from system.races.library import RACES
from system.races.page import introduction, page
from system.races.play import Played, play
from system.races.race import Race
from system.races.stage import Servers

_URLS = ("DROPDAY_DATABASE_URL", "DROPDAY_REDIS_URL")
_USAGE = "usage: python -m system.races [list | [--markdown] [NAME ..]]"


def main(arguments: list[str]) -> int:
    """Do what the arguments say; returns the exit code."""
    if arguments == ["list"]:
        print(json.dumps({race.name: race.title for race in RACES.values()}))  # noqa: T201
        return 0
    as_page = arguments[:1] == ["--markdown"]
    names = arguments[as_page:] or list(RACES)
    if not set(names) <= set(RACES):
        print(_USAGE, file=sys.stderr)  # noqa: T201
        return 2
    _forget_settings()
    logging.disable()  # an order that fails is part of the play
    try:
        return asyncio.run(_play([RACES[name] for name in names], as_page=as_page))
    except Exception:
        traceback.print_exc()
        return 3


def _forget_settings() -> None:
    """A race is the same whatever the shell says of the shop."""
    for name in [name for name in os.environ if name.upper().startswith("DROPDAY_")]:
        if name not in _URLS:
            del os.environ[name]


async def _play(races: Sequence[Race], *, as_page: bool) -> int:
    played: list[tuple[Race, list[Played]]] = []
    async with _servers() as servers:
        for race in races:
            played.append((race, []))
            if not as_page:
                print(introduction(race))  # noqa: T201
            for scene in race.scenes:
                one = await play(race, scene, servers)
                played[-1][1].append(one)
                if not as_page:
                    print("\n".join([*one.lines(), ""]), flush=True)  # noqa: T201
    if as_page:
        print("\n".join(page(played)))  # noqa: T201
    return 0 if all(one.as_expected for _, scenes in played for one in scenes) else 1


@asynccontextmanager
async def _servers() -> AsyncIterator[Servers]:
    database_url, redis_url = (os.environ[name] for name in _URLS)
    database = await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url, decode_responses=True)
    try:
        yield Servers(database_url, redis_url, database, redis)
    finally:
        await redis.aclose()
        await database.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
