"""What many ask for at nearly the same time is done once, for all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import simpy

from simulator.stations import Steps, timer_s

Item = TypeVar("Item")


class Merger(Generic[Item]):
    """Collects items while the batch before them is worked on, and then for `window_s`, or until it is full.

    Args:
        work: what is done with a batch of at most `most` items. It tells those who wait for them.
    """

    def __init__(
        self, env: simpy.Environment, work: Callable[[list[Item]], Steps], *, window_s: float, most: int
    ) -> None:
        self._env = env
        self._work = work
        self._window_s = window_s
        self._most = most
        self._waiting: deque[Item] = deque()
        self._at_work = False
        self._full: simpy.Event | None = None

    def submit(self, item: Item) -> None:
        """Let `item` be in a batch."""
        self._waiting.append(item)
        if self._full is not None and not self._full.triggered and len(self._waiting) >= self._most:
            self._full.succeed()
        if not self._at_work:
            self._at_work = True
            self._env.process(self._work_off())

    def _work_off(self) -> Steps:
        while self._waiting:
            if self._window_s and len(self._waiting) < self._most:
                yield self._full_or_over()
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            yield from self._work(batch)
        self._at_work = False

    def _full_or_over(self) -> Any:
        self._full = self._env.event()
        return self._full | self._env.timeout(timer_s(self._window_s))
