"""Races for leases: locks in Redis that end by themselves."""

from __future__ import annotations

from system.races.race import Race, right, wrong
from system.races.stage import Stage
from system.races.verdict import Kind
from system.races.wrong.in_redis import FenceOnlyAtWrite, UnlockAfterCommit
from system.stock.strategies.redis_fenced_lock import RedisFencedLock
from system.stock.strategies.redis_lock import RedisLock


async def a_pause_outlives_the_lease(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.looks()
    await stage.time_passes("A's worker stands still for longer than its lease lasts")
    await b.looks()
    await a.ends()
    await b.ends()


async def a_slow_commit(stage: Stage) -> None:
    a, b = await stage.shopper(), await stage.shopper()
    await a.until(before="commit")
    await b.looks()
    await a.ends()
    await b.ends()


RACES = (
    Race(
        "lease_outlived",
        "a pause outlives the lease, and two believe that they have the lock",
        "A collection of garbage, a full pool, a slow network: nothing tells A that its lease has run out.",
        a_pause_outlives_the_lease,
        (
            wrong(RedisLock, Kind.OVERSOLD, why="A and B both had the lock when they read."),
            right(
                RedisFencedLock,
                why="B's token is in the row since B read it; A's, being older, changes no row.",
            ),
        ),
    ),
    Race(
        "fence_at_write",
        "a token that is only checked at the write comes too late",
        "Each write leaves its token in the row and is refused where there is a younger one. But A writes "
        "after B read and before B wrote: at that time there is no younger one.",
        a_pause_outlives_the_lease,
        (
            wrong(
                FenceOnlyAtWrite,
                Kind.OVERSOLD,
                why="33 was written before 34, in good order; B had read before.",
            ),
            right(RedisFencedLock, why="B left its token as it read, so A's write comes too late."),
        ),
    ),
    Race(
        "unlock_before_commit",
        "the lock is given back a moment before the commit",
        "Card 12. A transaction that begins outside of the lock ends outside of it. The next holder reads "
        "what was there before A's commit.",
        a_slow_commit,
        (
            wrong(RedisLock, Kind.OVERSOLD, why="B had the lock, and read what A had not committed yet."),
            right(UnlockAfterCommit, why="The lease is given back after the commit, so B reads what A left."),
            right(RedisFencedLock, why="As above; and had the lease run out, the token would stop A."),
        ),
    ),
)
