"""Locks of the database, and its disk: what a transaction waits for.

As in `simulator.stations`, whoever must wait writes `yield from`, and times are in seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import simpy

from simulator.stations import Cores, Steps


class Lock:
    """A lock in the database, such as one that bears a name: who waits for it is served in turn.

    Who asks is on a core and stays there; who must wait leaves it, and comes back for `wake_s` of CPU.
    """

    def __init__(self, env: simpy.Environment, cores: Cores, wake_s: float) -> None:
        self._env = env
        self._cores = cores
        self._wake_s = wake_s
        self._held = False
        self._waiters: list[simpy.Event] = []

    def acquire(self) -> Steps:
        """Hold the lock, at once or after those who hold it and wait for it."""
        if not self._held:
            self._held = True
            return
        mine = self._env.event()
        self._waiters.append(mine)
        self._cores.give_back()
        yield mine
        yield from self._cores.take()
        if self._wake_s:
            yield self._cores.compute(self._wake_s, "database")
            self._disturb_others()

    def release(self) -> None:
        """Leave the lock to one of the waiters."""
        if self._waiters:
            self._waiters.pop(self._next()).succeed()
        else:
            self._held = False

    def _next(self) -> int:
        return 0

    def _disturb_others(self) -> None:
        """What those do who still wait, when one of them was served."""


class RowLock(Lock):
    """The lock of a row. All who wait for it are woken at every release, to find who is next.

    That is what PostgreSQL's waiters do: at a commit one of them gets the new version of the row, and the
    others queue again behind it. Which one comes first is chance: `draw` gives a number in (0, 1).
    """

    def __init__(
        self, env: simpy.Environment, cores: Cores, wake_s: float, draw: Callable[[], float]
    ) -> None:
        super().__init__(env, cores, wake_s)
        self._draw = draw

    def _next(self) -> int:
        """Anyone; the line is a bag, so its last takes the place of who leaves."""
        chosen = int(self._draw() * len(self._waiters))
        self._waiters[chosen], self._waiters[-1] = self._waiters[-1], self._waiters[chosen]
        return -1

    def _disturb_others(self) -> None:
        in_vain_s = self._wake_s * len(self._waiters)
        if in_vain_s:
            self._env.process(self._cores.run(in_vain_s, "database"))


class Disk:
    """Commits reach the disk in groups: who comes while a flush is under way shares the next one.

    Who flushes keeps the others waiting until it has a core again, to tell them. On busy cores that takes
    longer than the disk does. (A lock holder that has no core: Ousterhout, "Scheduling techniques for
    concurrent systems", ICDCS 1982; PostgreSQL's WALWriteLock is held across the flush.)
    """

    def __init__(self, env: simpy.Environment, cores: Cores) -> None:
        self._env = env
        self._cores = cores
        self._under_way: simpy.Event | None = None
        self._next: simpy.Event | None = None

    def flush(self, flush_s: float) -> Steps:
        """Wait until what was written before now is on the disk, and hold a core."""
        if self._next is not None:
            yield self._next
            yield from self._cores.take()
            return
        mine = self._env.event()
        if self._under_way is not None:
            self._next = mine
            yield self._under_way
            self._next = None
        self._under_way = mine
        yield self._env.timeout(flush_s)
        yield from self._cores.take()
        self._under_way = None
        mine.succeed()
