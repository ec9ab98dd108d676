"""The stations of the checkout: what a request can hold, keep busy, or wait for.

Whoever must wait writes `yield from`; where there is nothing to wait for, no event is made. Times are in
seconds. Every station works alone, so that each can be held against what queueing theory says of it.
"""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Steps = Generator[simpy.Event, Any, None]
"""A part of a SimPy process that gives nothing back."""

# How long a busy process keeps a core that others wait for. Linux lets who has slept preempt who computes,
# but not at once: a millisecond fits what a crowd at the door left to orders beside it (`pessimistic_lock` in
# a spike: 780 orders a second, the model 774; with half of it 904).
SLICE_S = 0.001

# A core that rests grows cold: its caches go to others, and whatever runs on it next takes longer. Half as
# cold as it can get it is after 10 ms; until it is warm again for a role, its work takes up to twice as long.
# (Orders of one client that pauses 0 to 30 ms between them: 0.6 ms of CPU each becomes 2.1. Under a light
# load a read of 0.06 ms takes 0.14, and the statement after it 0.53 instead of 0.34.)
HALF_COLD_S = 0.010
COLD_PACE = 1.0

SPEEDS_A_SECOND = 10.0

ROLES = ("worker", "consumer", "database", "redis")

TICK_S = 0.001  # what an event loop's timers count in (libuv, epoll)


def timer_s(after_s: float) -> float:
    """How long an event loop sleeps that is asked to wake after so long: whole milliseconds."""
    return round(after_s / TICK_S) * TICK_S


class Turns:
    """Something that so many can hold at once; the others wait in line, first come, first served."""

    def __init__(self, env: simpy.Environment, places: int) -> None:
        self._env = env
        self._free = places
        self._line: deque[simpy.Event] = deque()

    def is_free(self) -> bool:
        """Whether nobody need wait."""
        return self._free > 0

    def is_awaited(self) -> bool:
        """Whether somebody waits."""
        return bool(self._line)

    def take(self) -> Steps:
        """Wait for a place, and hold it."""
        if self._free:
            self._free -= 1
            return
        turn = self._env.event()
        self._line.append(turn)
        yield turn

    def take_within(self, patience: Deadlines) -> Generator[simpy.Event, Any, bool]:
        """Wait for a place and hold it; or give up when patience ends, and have none."""
        if self._free:
            self._free -= 1
            return True
        turn = self._env.event()
        self._line.append(turn)
        patience.watch(turn)
        return bool((yield turn))

    def give_back(self) -> None:
        """Leave the place to the first in line who has not given up."""
        while self._line:
            turn = self._line.popleft()
            if not turn.triggered:
                turn.succeed(True)
                return
        self._free += 1


class Cores:
    """CPU cores that all processes share. Who gets one computes until it must wait, or its slice is over.

    `cold_s`: how much longer the work of each role takes after a long rest of a core; `speeds`: how fast all
    cores are, one number for every 100 ms, over and over; `in_company`: how many times longer the work of a
    role takes while more than one `at_work` share them; `unused_share`: of the time that a core is held, in
    which nobody uses it.
    """

    def __init__(
        self,
        env: simpy.Environment,
        count: int,
        cold_s: float = 0.0,
        speeds: Sequence[float] = (1.0,),
        in_company: Mapping[str, float] | None = None,
        unused_share: float = 0.0,
    ) -> None:
        self._env = env
        self.count = count
        self.cold_s = cold_s
        self.speeds = speeds
        self.in_company = in_company or {}
        self.unused_share = unused_share
        self.at_work = 0
        self._turns = Turns(env, count)
        self._idle_since_s = [0.0] * count
        self._cold_left_s = defaultdict(float, dict.fromkeys(ROLES, 0.0))  # that is still to be worked off
        self._jobs: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))

    def take(self) -> Steps:
        """Wait for a core, and hold it; of those that rest, the one that was busy last."""
        if self._turns.is_free():
            rested_s = self._env.now - self._idle_since_s.pop()
            colder = rested_s / (rested_s + HALF_COLD_S)
            for role, left_s in self._cold_left_s.items():
                self._cold_left_s[role] = left_s + (self.cold_s - left_s) * colder
        yield from self._turns.take()

    def give_back(self) -> None:
        """Leave the core to the first in line."""
        if not self._turns.is_awaited():
            self._idle_since_s.append(self._env.now)
        self._turns.give_back()

    def compute(self, work_s: float, role: str) -> simpy.Timeout:
        """Keep busy a core that is held."""
        work_s, colder_s = self._stretched(work_s, role)
        self._cold_left_s[role] -= colder_s
        busy_s = (work_s + colder_s) / self.speed()
        self._jobs[role].extend((self._env.now, busy_s))
        return self._env.timeout(busy_s / (1 - self.unused_share))

    def takes_s(self, work_s: float, role: str) -> float:
        """How long it would keep a core now."""
        return sum(self._stretched(work_s, role)) / self.speed() / (1 - self.unused_share)

    def _stretched(self, work_s: float, role: str) -> tuple[float, float]:
        """What it is in company, and how much more where it is cold."""
        if self.at_work > 1:
            work_s *= self.in_company.get(role, 1.0)
        return work_s, min(self._cold_left_s[role], COLD_PACE * work_s)

    def speed(self) -> float:
        """How fast the cores are now."""
        return self.speeds[int(self._env.now * SPEEDS_A_SECOND) % len(self.speeds)]

    def work_off(self, work_s: float, role: str) -> Steps:
        """Keep busy a core that is held; who waits for one is let in between two slices."""
        while work_s > SLICE_S:
            yield self.compute(SLICE_S, role)
            work_s -= SLICE_S
            if self._turns.is_awaited():
                self.give_back()
                yield from self.take()
        yield self.compute(work_s, role)

    def run(self, work_s: float, role: str) -> Steps:
        """Wait for a core, compute, and leave it."""
        yield from self.take()
        yield self.compute(work_s, role)
        self.give_back()

    def busy_s(self, role: str, until: Floats) -> Floats:
        """The CPU time that `role` had used at each of some moments, the earliest first."""
        start, work = np.reshape(self._jobs[role], (-1, 2)).T
        used_s = _running_total(until, start) - _running_total(until, start + work)
        return np.maximum.accumulate(used_s)  # rounding must not take anything back


def _running_total(until: Floats, since: Floats) -> Floats:
    """The sum, over all moments in `since` that are past, of the time since then."""
    since = np.sort(since)
    past = np.searchsorted(since, until)
    total: Floats = past * until - np.concatenate([[0.0], np.cumsum(since)])[past]
    return total


class Thread:
    """A process of one thread, such as an event loop: one request at a time computes, until it lets go.

    While requests are in line it keeps its core, for a slice at most; then it sleeps.
    """

    def __init__(self, env: simpy.Environment, cores: Cores, role: str) -> None:
        self._env = env
        self._cores = cores
        self._role = role
        self._turns = Turns(env, 1)
        self._slice_ends: float | None = None  # None: it has no core
        self._owed_s = 0.0

    def enter(self) -> Steps:
        """Wait until the thread is free for this request, and has a core."""
        yield from self._turns.take()
        if self._slice_ends is None:
            yield from self._cores.take()
            self._slice_ends = self._env.now + SLICE_S

    def spend(self, work_s: float) -> None:
        """Compute; the work runs in one piece when the request leaves."""
        self._owed_s += work_s

    def clock(self) -> float:
        """What a clock shows to the request on the thread, after the work that it has done so far."""
        return self._env.now + self._cores.takes_s(self._owed_s, self._role)

    def leave(self) -> Steps:
        """Run the work, then let the next request in."""
        owed_s, self._owed_s = self._owed_s, 0.0
        yield from self._cores.work_off(owed_s, self._role)
        if self._slice_ends is not None and (
            not self._turns.is_awaited() or self._env.now >= self._slice_ends
        ):
            self._slice_ends = None
            self._cores.give_back()
        self._turns.give_back()


class Deadlines:
    """Gives up on events that have not happened `after_s` from when they were watched.

    All wait equally long, so the first watched is the first due: a line takes the place of a timer for each,
    and what happened in time costs nothing more.
    """

    def __init__(self, env: simpy.Environment, after_s: float) -> None:
        self._env = env
        self._after_s = after_s
        self._line: deque[tuple[float, simpy.Event]] = deque()
        self._at_work = False

    def watch(self, event: simpy.Event) -> None:
        """Let `event` happen, with None for its value, if nothing else makes it happen in time."""
        self._line.append((self._env.now + self._after_s, event))
        if not self._at_work:
            self._at_work = True
            self._env.process(self._give_up_in_turn())

    def _give_up_in_turn(self) -> Steps:
        while self._line:
            due, event = self._line.popleft()
            if event.triggered:
                continue
            yield self._env.timeout(due - self._env.now)
            if not event.triggered:
                event.succeed()
        self._at_work = False
