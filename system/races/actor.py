"""Who takes part in a race: goes on when told to, as far as told to, or until it must wait for another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from system.races.timeline import Timeline

_LOOK_S = 0.002
_NEVER_MS = 10_000

acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


class When(Enum):
    """Where a pause point lies: every step has one on either side."""

    BEFORE = auto()
    AFTER = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """A statement or command: the name of its span, its essence in words, and whether it sees the stock."""

    name: str
    text: str
    looks: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Why an actor waits, as in "waits for A's row lock"; `circle`: who has it waits for this actor, too."""

    reason: str
    circle: bool = False


class Locks(Protocol):
    """Knows who waits for whom in the database. `leases`: by the token of a lease, the name of its holder."""

    leases: dict[str, str]

    async def held_up(self, pid: int) -> Held | None:
        """What the session `pid` waits for, if another actor's session has it."""

    async def until_quiet(self, pids: set[int]) -> None:
        """Wait until none of these sessions has a transaction, nor anything locked."""


class Actor:
    """A shopper, or a consumer, with work to do. Of all actors only the one whose turn it is moves.

    `answer` is what the work ended with; None while it goes on, and if its worker died. `deadlock_ms`: how
    long its statements wait before they look for a circle; who looks first is the victim. `starved`: it had
    to wait for a connection. `sessions`: those of the database that it used. `helpers`: tasks that die with
    it.
    """

    def __init__(
        self, name: str, work: Callable[[], Awaitable[str]], timeline: Timeline, locks: Locks
    ) -> None:
        self.name = name
        self.timeline = timeline
        self.answer: str | None = None
        self.dead = False
        self.starved = False
        self.deadlock_ms = _NEVER_MS
        self.reads_versions = False
        self.sessions: set[int] = set()
        self.helpers: set[asyncio.Task[None]] = set()
        self._work = work
        self.locks = locks
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Event()
        self._halted = asyncio.Event()
        self._in_flight: tuple[int, Step] | None = None
        self._waits = ("", "")
        self._still_waits: Callable[[], bool] | None = None
        self._stop_at: Callable[[When, Step], bool] = _nowhere

    # What the script of a race says.

    async def until(self, *, before: str = "", after: str = "") -> None:
        """Go on to the pause point on either side of the step with this name, or as far as possible."""
        await self._go(
            lambda when, step: bool(step.name) and step.name == (before if when is When.BEFORE else after)
        )

    async def looks(self) -> None:
        """Go on until the stock was looked at once (again); or as far as possible."""
        await self._go(lambda when, step: when is When.AFTER and step.looks)

    async def ends(self) -> None:
        """Go on to the end, or as far as possible."""
        await self._go(_nowhere)

    async def dies(self) -> None:
        """The process that serves it is killed; whatever it had not sent is never sent."""
        self.dead = True
        self.timeline.waiting.discard(self.name)
        self.timeline.add(self.name, "killed", "its process is killed, and sends nothing more")
        tasks = [task for task in (self._task, *self.helpers) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.locks.until_quiet(self.sessions)

    @property
    def has_ended(self) -> bool:
        return self._task is not None and self._task.done()

    async def _go(self, stop_at: Callable[[When, Step], bool]) -> None:
        if self.has_ended:
            return
        self._stop_at = stop_at
        self._halted.clear()
        self._turn.set()
        if self._task is None:
            self._task = asyncio.create_task(self._live())
        while not await _is_set(self._halted, within_s=_LOOK_S):
            if await self._is_held_up():
                self._halt()

    async def _is_held_up(self) -> bool:
        """Whether it waits for another, who cannot move before it is told to."""
        if self._still_waits is not None:
            return self._still_waits()
        if self._in_flight is None:
            return False
        flight = self._in_flight
        pid, step = flight
        held = await self.locks.held_up(pid)
        if held is None or self._in_flight is not flight:  # it may have come further while we asked
            return False
        if held.circle:  # the database undoes one of them, at its own time: whether that is seen, is chance
            return False
        self.notes_waiting(step, held.reason)
        return True

    # What its own course comes to.

    async def _live(self) -> None:
        acting.set(self)
        try:
            answer = await self._work()
            await self.turn()
            self._goes_on()
            self.answer = answer
            self.timeline.add(self.name, "answer", self.answer)
        finally:
            self._halted.set()

    async def comes_to(self, when: When, step: Step) -> bool:
        """A pause point: go on, if told to. Returns whether there was a pause."""
        await self.turn()
        if not self.stops(when, step):
            return False
        self._halt()
        await self.turn()
        return True

    def stops(self, when: When, step: Step) -> bool:
        """Whether it was told to stop here."""
        return self._stop_at(when, step)

    async def turn(self) -> None:
        """Wait until it may move; the dead never do."""
        if self.dead:
            raise asyncio.CancelledError
        await self._turn.wait()

    def flies(self, pid: int, step: Step) -> None:
        """A statement was sent on the session `pid` and may have to wait there."""
        self._in_flight = (pid, step)

    async def lands(self) -> None:
        """The statement came back; what it saw is told when it is the actor's turn."""
        self._in_flight = None
        await self.turn()
        self._goes_on()

    def notes_waiting(self, step: Step, reason: str) -> None:
        """It waits; said once for each reason."""
        if self._waits != (step.name, reason):
            self.timeline.add(self.name, step.name, step.text, reason)
        self._waits = (step.name, reason)
        self.timeline.waiting.add(self.name)

    def hangs(self, step: Step, reason: str, still: Callable[[], bool] | None = None) -> None:
        """It waits for something outside of the database: for as long as `still`, or until its next turn."""
        self.notes_waiting(step, reason)
        self._still_waits = still
        self._halt()

    def _goes_on(self) -> None:
        self._still_waits = None
        self.timeline.waiting.discard(self.name)

    def tells(self, step: Step, seen: str) -> None:
        """It did `step` and saw `seen`. What it had to wait for has been told before."""
        text = "... and goes on" if self._waits[0] == step.name else step.text
        self._waits = ("", "")
        self.timeline.add(self.name, step.name, text, seen)

    def _halt(self) -> None:
        self._turn.clear()
        self._halted.set()


def _nowhere(_: When, __: Step) -> bool:
    return False


async def _is_set(event: asyncio.Event, *, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
