"""Who waits for whom, as PostgreSQL itself says (`pg_blocking_pids`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import asyncpg

from system.races.actor import Actor, Held

_LOOK_S = 0.002
_BLOCKERS = """
SELECT pg_blocking_pids($1) AS pids,
       (SELECT locktype FROM pg_locks WHERE pid = $1 AND NOT granted) AS locktype
"""
_BUSY = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY($1) AND xact_start IS NOT NULL)"
_LOCKS = {"transactionid": "row lock", "tuple": "row lock", "advisory": "advisory lock"}


@dataclass(frozen=True, slots=True)
class _Waits:
    """The sessions that one waits for, and the kind of lock."""

    pids: frozenset[int]
    lock: str


class SessionLocks:
    """The locks that the sessions of `actors` wait for, seen from a session of its own."""

    def __init__(self, database: asyncpg.Connection) -> None:
        self.actors: list[Actor] = []
        self.leases: dict[str, str] = {}
        self._database = database

    async def held_up(self, pid: int) -> Held | None:
        waits = await self._waits_for(pid)
        circle = await self._leads_back([*waits.pids], pid) if waits else False
        if not waits or await self._waits_for(pid) != waits:  # or a circle that was broken looks like none
            return None
        names = sorted(actor.name for actor in self.actors if actor.sessions & waits.pids)
        return Held(f"waits for {' and '.join(names)}'s {waits.lock}", circle)

    async def _waits_for(self, pid: int) -> _Waits | None:
        row = await self._database.fetchrow(_BLOCKERS, pid)
        if not row["pids"] or row["locktype"] is None:
            return None
        return _Waits(frozenset(row["pids"]), _LOCKS.get(row["locktype"], row["locktype"]))

    async def _leads_back(self, pids: list[int], to: int) -> bool:
        """Whether one of `pids` waits, perhaps by way of others, for the session `to`."""
        seen: set[int] = set()
        while pids:
            pid = pids.pop()
            waits = await self._waits_for(pid)
            further = waits.pids - seen if waits else frozenset()
            if to in further:
                return True
            seen |= further
            pids.extend(further)
        return False

    async def until_quiet(self, pids: set[int]) -> None:
        while await self._database.fetchval(_BUSY, list(pids)):  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(_LOOK_S)
