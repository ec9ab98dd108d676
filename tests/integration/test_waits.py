"""What the shop's connections wait for, as it is seen from beside them."""

from __future__ import annotations

import asyncio
import time

import asyncpg

from harness.servers import Endpoints
from harness.waits import Look, looking

WITHIN_S = 20


async def _connection(endpoints: Endpoints) -> asyncpg.Connection:
    return await asyncpg.connect(endpoints.database_url, server_settings={"application_name": "dropday"})


async def _seen(looks: list[Look], counts: dict[str, int]) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while not any(look.counts == counts for look in looks):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


async def test_a_connection_that_waits_for_a_lock_is_told_from_those_that_work_and_that_idle(
    endpoints: Endpoints,
) -> None:
    holder, waiter, worker = [await _connection(endpoints) for _ in range(3)]
    lock = "SELECT pg_advisory_lock(20261121)"
    await holder.execute(lock)

    with looking(endpoints.database_url) as looks:
        waiting = asyncio.create_task(waiter.execute(lock))
        working = asyncio.create_task(worker.execute("SELECT sum(n) FROM generate_series(1, 100000000) n"))
        assert await _seen(looks, {"active": 1, "lock": 1, "io": 0, "idle": 1}), looks[-1:]

        await holder.execute("SELECT pg_advisory_unlock(20261121)")
        await waiting
        assert await _seen(looks, {"active": 1, "lock": 0, "io": 0, "idle": 2}), looks[-1:]
        working.cancel()
    taken = len(looks)

    assert [look.at_s for look in looks] == sorted(look.at_s for look in looks)
    for connection in (holder, waiter, worker):
        connection.terminate()
    assert len(looks) == taken


async def test_the_looks_end_when_the_database_is_not_there() -> None:
    with looking("postgresql://nobody@127.0.0.1:1/nothing") as looks:
        pass

    assert looks == []
