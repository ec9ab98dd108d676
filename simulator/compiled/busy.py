"""How busy each role kept the cores: the jobs of a run, added up in intervals of equal length."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled.parts import kept
from simulator.stations import ROLES, Floats


class Busy:
    """The CPU time of each role in each interval of `interval_s`."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._used_s: Floats = np.zeros((1_024, len(ROLES)))

    def add(self, jobs: NDArray[np.void]) -> None:
        """Add jobs that began `at_s` and kept a core for `work_s` by `role`."""
        if len(jobs):
            last = int((jobs["at_s"] + jobs["work_s"]).max() / self._interval_s) + 2
            if last > len(self._used_s):
                more = max(last, 2 * len(self._used_s)) - len(self._used_s)
                self._used_s = np.concatenate([self._used_s, np.zeros((more, len(ROLES)))])
            _add(jobs, self._used_s, self._interval_s)

    def cores(self, intervals: int) -> Floats:
        """f8[intervals, 4]: cores that each role kept busy."""
        short = max(0, intervals - len(self._used_s))
        return np.concatenate([self._used_s, np.zeros((short, len(ROLES)))])[:intervals] / self._interval_s


@kept
def _add(jobs: Any, used_s: Floats, interval_s: float) -> None:
    for job in jobs:
        begins_s, ends_s = job.at_s, job.at_s + job.work_s
        interval = int(begins_s / interval_s)
        while begins_s < ends_s:
            until_s = min((interval + 1) * interval_s, ends_s)
            if until_s > begins_s:
                used_s[interval, job.role] += until_s - begins_s
                begins_s = until_s
            interval += 1
