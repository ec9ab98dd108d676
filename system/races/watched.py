"""Connections that are watched: each statement of an actor is a pause point, and is told.

They are what the shop's own parts are built on in a race, in the place of plain ones. Whoever acts is known
by a context variable, which tasks inherit; what is done while nobody acts is not watched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg
from redis.asyncio import Redis

from system.platform.database import Database, Lane
from system.platform.redis import STOCK
from system.races.actor import Actor, Step, When, acting
from system.races.redis_words import command_step, script_named, script_step
from system.races.sql_words import Rows, Words, literal, rows_in_words, words_of, words_of_error
from system.settings import Isolation, Settings

_SILENT = Words(Step("", ""), lambda _: "")
_COMMIT = Step("commit", "COMMIT")


class WatchedDriver:
    """asyncpg's connection. A single statement that writes is put into a transaction, to show its commit."""

    def __init__(self, driver: asyncpg.Connection, isolation: Isolation = "read committed") -> None:
        self.plain = driver
        self._isolation = isolation
        self._in_transaction = False

    async def fetch(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        return await self._watch(self._words(statement, arguments), statement, arguments)

    async def fetchrow(self, statement: str, *arguments: Any) -> asyncpg.Record | None:
        rows = await self.fetch(statement, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        row = await self.fetchrow(statement, *arguments)
        return row[0] if row else None

    async def execute(self, statement: str, *arguments: Any) -> None:
        await self.fetch(statement, *arguments)

    async def step(
        self,
        name: str,
        statement: str,
        *arguments: Any,
        text: str = "",
        looks: bool = False,
        seen: Callable[[Rows], str] | None = None,
    ) -> list[asyncpg.Record]:
        """A statement that is told as it is, or as `text`, and what it saw as `seen` has it."""
        returns = statement.startswith("SELECT") or "RETURNING" in statement
        words = Words(
            Step(name, text or literal(statement, arguments), looks),
            seen or (rows_in_words if returns else lambda _: "done"),
            writes=not statement.startswith("SELECT"),
        )
        return await self._watch(words, statement, arguments)

    @asynccontextmanager
    async def transaction(self, isolation: str | None = None) -> AsyncIterator[None]:
        level = f" ISOLATION LEVEL {isolation.replace('_', ' ').upper()}" if isolation else ""
        await self.execute(f"BEGIN{level}")
        try:
            yield
        except Exception:
            await self.execute("ROLLBACK")
            raise
        await self.execute("COMMIT")

    def is_closed(self) -> bool:
        return bool(self.plain.is_closed())

    def _words(self, statement: str, arguments: Sequence[Any]) -> Words:
        match statement:
            case "BEGIN":
                plain = self._isolation == "read committed"
                level = "" if plain else f" ISOLATION LEVEL {self._isolation.upper()}"
                return Words(Step("begin", f"BEGIN{level}"), lambda _: "")
            case "COMMIT" | "ROLLBACK":
                return Words(Step(statement.lower(), statement), lambda _: "")
            case str() if statement.startswith("BEGIN ISOLATION LEVEL "):
                return Words(Step("begin", statement), lambda _: "")
        actor = acting.get()
        return words_of(statement, arguments, versions=actor is not None and actor.reads_versions) or _SILENT

    async def _watch(self, words: Words, statement: str, arguments: Sequence[Any]) -> list[asyncpg.Record]:
        actor = acting.get()
        if actor is None:
            return await self._plainly(statement, arguments)
        await actor.comes_to(When.BEFORE, words.step)
        if self._in_transaction or not words.writes:
            rows = await self._send(actor, words, statement, arguments)
            self._in_transaction = {"begin": True, "commit": False, "rollback": False}.get(
                words.step.name, self._in_transaction
            )
            await actor.comes_to(When.AFTER, words.step)
            return rows
        return await self._send_and_commit(actor, words, statement, arguments)

    async def _send_and_commit(
        self, actor: Actor, words: Words, statement: str, arguments: Sequence[Any]
    ) -> list[asyncpg.Record]:
        """What autocommit does, with a pause point before the commit; told only where there was a pause."""
        await self.plain.execute("BEGIN")
        try:
            rows = await self._send(actor, words, statement, arguments)
        except Exception:
            await self.plain.execute("ROLLBACK")
            raise
        paused = await actor.comes_to(When.AFTER, words.step)
        paused |= await actor.comes_to(When.BEFORE, _COMMIT)
        await self.plain.execute("COMMIT")
        if paused or actor.stops(When.AFTER, _COMMIT):
            actor.tells(_COMMIT, "")
        await actor.comes_to(When.AFTER, _COMMIT)
        return rows

    async def _send(
        self, actor: Actor, words: Words, statement: str, arguments: Sequence[Any]
    ) -> list[asyncpg.Record]:
        pid = self.plain.get_server_pid()
        actor.sessions.add(pid)
        actor.flies(pid, words.step)
        try:
            rows = await self._plainly(statement, arguments)
        except asyncpg.PostgresError as error:
            await actor.lands()
            actor.tells(words.step, words_of_error(error))
            raise
        await actor.lands()
        if words.step.name:
            actor.tells(words.step, words.seen(rows))
        return rows

    async def _plainly(self, statement: str, arguments: Sequence[Any]) -> list[asyncpg.Record]:
        return list(await self.plain.fetch(statement, *arguments))


class WatchedDatabase(Database):
    """Lanes whose drivers are watched, and whose holders are known to those who wait for one."""

    def __init__(self, settings: Settings, pool_size: int, isolation: Isolation = "read committed") -> None:
        super().__init__(settings, pool_size, isolation)
        self._size = pool_size
        self._isolation = isolation
        self._holders: dict[int, Actor] = {}

    async def take(self) -> Lane:
        actor = acting.get()
        if actor is None:
            return await super().take()
        await actor.turn()
        pool = Step("pool", "take a connection")
        waits = self._is_used_up()
        if waits:
            actor.starved = True
            holders = " or ".join(
                f"{name}'s" for name in sorted(holder.name for holder in self._holders.values())
            )
            actor.hangs(
                pool,
                f"waits for {holders}",
                self._is_used_up,
            )
        lane = await super().take()
        self._holders[id(lane)] = actor
        await actor.lands()
        await _notice_deadlocks(lane, actor.deadlock_ms)
        if waits:
            actor.tells(pool, "has one")
        return lane

    async def put_back(self, lane: Lane, cut_off: bool) -> None:
        await super().put_back(lane, cut_off)
        self._holders.pop(id(lane), None)

    def _is_used_up(self) -> bool:
        return len(self._holders) == self._size

    async def _open(self) -> Lane:
        lane = await super()._open()
        return Lane(lane.connection, cast("asyncpg.Connection", WatchedDriver(lane.driver, self._isolation)))


def watched_redis(url: str) -> WatchedRedis:
    """A watched client of the Redis at `url`."""
    return cast("WatchedRedis", WatchedRedis.from_url(url, decode_responses=True))


async def _notice_deadlocks(lane: Lane, after_ms: int) -> None:
    driver = cast("WatchedDriver", lane.driver)
    with suppress(asyncpg.InsufficientPrivilegeError):  # then it is what the server says: a second
        await driver.plain.execute(f"SET deadlock_timeout = {after_ms}")


class WatchedRedis(Redis):
    """A Redis client whose commands and scripts are watched, as far as they have a name."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._names: dict[str, str] = {}
        self._scripts: list[Any] = []

    def register_script(self, script: Any) -> Any:
        registered = super().register_script(script)
        self._names[registered.sha] = script_named(script)
        self._scripts.append(script)
        return registered

    async def load_scripts(self) -> None:
        """Send the scripts, so that calling one is one command."""
        for script in self._scripts:
            await self.script_load(script)

    async def execute_command(self, *command: Any, **options: Any) -> Any:
        actor = acting.get()
        step = None if actor is None else self._step(command)
        if actor is None or step is None:
            return await self._plainly(*command, **options)
        await actor.comes_to(When.BEFORE, step)
        if step.name == "redis_unlock":
            seen = await self._what_unlocking_finds(actor, command)
            answer = await self._plainly(*command, **options)
        else:
            answer = await self._plainly(*command, **options)
            seen = await self._seen(step.name, answer)
        if step.name == "redis_lock":
            actor.locks.leases[command[2]] = actor.name
            if not answer:
                holder = actor.locks.leases[await self._plainly("GET", command[1])]
                actor.hangs(step, f"waits for {holder}'s lease")
                return answer
        actor.tells(step, seen)
        await actor.comes_to(When.AFTER, step)
        return answer

    async def step(self, name: str, *command: Any, text: str = "", looks: bool = False) -> Any:
        """A command that is told as it is, or as `text`."""
        told = Step(name, text or " ".join(str(part).removeprefix("dropday:") for part in command), looks)
        actor = acting.get()
        assert actor is not None  # noqa: S101 - variants are run by actors
        await actor.comes_to(When.BEFORE, told)
        answer = await self._plainly(*command)
        actor.tells(told, {None: "nil", True: "OK"}.get(answer, str(answer)))
        await actor.comes_to(When.AFTER, told)
        return answer

    def _step(self, command: Sequence[Any]) -> Step | None:
        if command[0] == "EVALSHA":
            name = self._names[command[1]]
            return script_step(name, command) if name else None
        return command_step(command)

    async def _seen(self, name: str, answer: Any) -> str:
        if name == "redis_hold" and answer == "lost":
            return "Redis is empty"
        if name in {"redis_hold", "redis_release", "reconcile_set"}:
            verdict = str(answer).partition(":")[0].replace("_", " ") if name == "redis_hold" else "done"
            left = await self.left()
            return f"{verdict}, {left} left" if left.isdigit() else verdict
        if name in {"redis_confirm", "redis_enqueue"}:
            return "done" if answer else "the hold has gone"
        return {"redis_lock": "OK"}.get(name, str(answer))

    async def _what_unlocking_finds(self, actor: Actor, command: Sequence[Any]) -> str:
        owner = await self._plainly("GET", command[3])
        if owner == command[-1]:
            return "deleted"
        return "not mine any more" if owner is None else f"it is {actor.locks.leases[owner]}'s now"

    async def left(self) -> str:
        """What Redis has for sale: a number, or one for each SKU."""
        stock: dict[str, str] = await self._plainly("HGETALL", STOCK)
        if len(stock) < 2:
            return "".join(stock.values()) or "nothing"
        return ", ".join(f"{sku}: {units}" for sku, units in sorted(stock.items()))

    async def _plainly(self, *command: Any, **options: Any) -> Any:
        call: Callable[..., Awaitable[Any]] = super().execute_command
        return await call(*command, **options)
