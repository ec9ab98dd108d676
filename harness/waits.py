"""What the shop's connections do in PostgreSQL, looked at ten times a second."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg

_EVERY_S = 0.1
_WITHIN_S = 5.0  # to connect, and for an answer
# Whoever waits for a flush waits for the disk, or (WALWrite) for another who flushes for both.
_LOOK = """
    SELECT count(*) FILTER (WHERE state = 'active' AND NOT waits_for_lock AND NOT waits_for_disk) AS active,
           count(*) FILTER (WHERE state = 'active' AND waits_for_lock) AS lock,
           count(*) FILTER (WHERE state = 'active' AND waits_for_disk) AS io,
           count(*) FILTER (WHERE state <> 'active') AS idle
    FROM (
        SELECT state, coalesce(wait_event_type = 'Lock', false) AS waits_for_lock,
               coalesce(wait_event_type = 'IO' OR wait_event = 'WALWrite', false) AS waits_for_disk
        FROM pg_stat_activity WHERE application_name LIKE 'dropday%' AND datname = current_database()
    ) AS connection
"""


@dataclass(frozen=True)
class Look:
    """How many of the shop's connections did what at the second `at_s` of the monotonic clock.

    The counts are those of a `WaitSample`.
    """

    at_s: float
    counts: dict[str, int]


@contextmanager
def looking(database_url: str) -> Iterator[list[Look]]:
    """Take a look every 100 ms while the block runs; the list grows meanwhile.

    Should PostgreSQL go away the looks end; whoever watches over the servers tells of it.
    """
    looks: list[Look] = []
    ended = threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_look(database_url, looks, ended)), name="waits", daemon=True
    )
    thread.start()
    try:
        yield looks
    finally:
        ended.set()
        thread.join()


async def _look(database_url: str, looks: list[Look], ended: threading.Event) -> None:
    try:
        connection = await asyncpg.connect(
            database_url,
            timeout=_WITHIN_S,
            command_timeout=_WITHIN_S,
            server_settings={"application_name": "the waits"},
        )
        try:
            look = await connection.prepare(_LOOK)
            while not ended.is_set():
                row = await look.fetchrow()
                looks.append(Look(time.monotonic(), dict(row)))
                await asyncio.sleep(_EVERY_S)
        finally:
            connection.terminate()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return
