"""CPU time by role, to the nanosecond, from the scheduler's own clocks; and how fast this machine is.

Clock ticks (10 ms) are too coarse for a run of a second, and who sleeps at the tick is not charged at all.
Linux keeps a clock for every process, all threads of it and those that ended included. Children that came
and went between two readings (autovacuum, a backend that reconnects) are in their parent's account of reaped
ones.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Roles = Mapping[str, Sequence[int]]
"""Each role's root processes; a role's CPU is that of its roots and everything they started."""

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_REAPED_CHILDREN = slice(13, 15)  # cutime and cstime, counted after the process's name in /proc/<pid>/stat
_SAMPLE_S = 0.2
_PROBE_STEPS = 8_000
_PROBE_EVERY_S = 0.1


def measurable() -> bool:
    """Whether this operating system tells the CPU time of other processes to the nanosecond."""
    return sys.platform == "linux"


def _can_be_pinned() -> bool:
    """Whether this operating system lets a thread choose its cores."""
    return hasattr(os, "sched_setaffinity")


def split_cores() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The cores of the system, and those of the generator: the last one, its own where there are two."""
    if not _can_be_pinned():
        every = tuple(range(os.cpu_count() or 1))
    else:
        every = tuple(sorted(os.sched_getaffinity(0)))
    return (every[:-1], every[-1:]) if len(every) > 1 else (every, every)


@contextmanager
def confined_to(cores: Sequence[int]) -> Iterator[None]:
    """Keep this thread, and those that it starts, off all other cores while the block runs."""
    if not _can_be_pinned():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def confine(roots: Sequence[int], cores: Sequence[int]) -> None:
    """Keep running processes, their threads and all that they started, off all other cores from now on."""
    if not _can_be_pinned():
        return
    for root in roots:
        for thread in _threads(root):
            os.sched_setaffinity(thread, cores)
        confine(list(_children(root)), cores)


def used_s(roles: Roles) -> dict[str, float]:
    """CPU seconds that each role has used since its processes began."""
    return {role: sum(_tree_s(root) for root in roots) for role, roots in roles.items()}


def _tree_s(pid: int) -> float:
    """CPU seconds of a process, its descendants, and those of its descendants that are gone."""
    try:
        own = (
            time.clock_gettime_ns((~pid << 3) | 2) / 1e9
        )  # clock_getcpuclockid(3), without its loop of checks
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        reaped = sum(int(ticks) for ticks in fields[_REAPED_CHILDREN]) / _TICKS_PER_S
        return own + reaped + sum(_tree_s(child) for child in _children(pid))
    except (FileNotFoundError, ProcessLookupError, OSError):
        return 0.0  # it ended just now; its parent's account has it from the next reading on


def _children(pid: int) -> Iterator[int]:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (thread / "children").read_text().split())


def _threads(pid: int) -> list[int]:
    return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]


def switches(roles: Roles) -> dict[str, int]:
    """Context switches, wanted and unwanted, of those processes of each role that still run."""
    return {role: sum(_tree_switches(root) for root in roots) for role, roots in roles.items()}


def _tree_switches(pid: int) -> int:
    try:
        lines = [
            line
            for thread in Path(f"/proc/{pid}/task").iterdir()
            for line in (thread / "status").read_text().splitlines()[-2:]
        ]
        own = sum(int(line.partition(":")[2]) for line in lines)  # voluntary_ and nonvoluntary_ctxt_switches
        return own + sum(_tree_switches(child) for child in _children(pid))
    except (FileNotFoundError, ProcessLookupError, OSError):
        return 0


@dataclass(frozen=True)
class Reading:
    """CPU seconds of each role since their processes began, at the second `at_s` of the monotonic clock."""

    at_s: float
    used_s: dict[str, float]


@contextmanager
def sampling(roles: Roles) -> Iterator[list[Reading]]:
    """Take a reading every 200 ms while the block runs; the list grows meanwhile."""
    readings: list[Reading] = []
    ended = threading.Event()

    def sample() -> None:
        while True:
            readings.append(Reading(time.monotonic(), used_s(roles)))
            if ended.wait(_SAMPLE_S):
                return

    sampler = threading.Thread(target=sample, name="cpu-sampler", daemon=True)
    sampler.start()
    try:
        yield readings
    finally:
        ended.set()
        sampler.join()


@contextmanager
def probing(cores: Sequence[int]) -> Iterator[list[float]]:
    """Probe how fast `cores` are, every 100 ms while the block runs; the list grows meanwhile.

    A probe is a fixed loop of about a third of a millisecond, in steps per microsecond of its own CPU time:
    so it sees what a neighbour on the same physical core takes away, and not what the system under test
    does. Of two runs the ratio of their mean speeds tells most of how their orders a second differ.
    """
    speeds: list[float] = []
    ended = threading.Event()

    def probe() -> None:
        if _can_be_pinned():
            os.sched_setaffinity(0, cores)  # of this thread
        while True:
            speeds.append(_speed())
            if ended.wait(_PROBE_EVERY_S):
                return

    prober = threading.Thread(target=probe, name="speed-prober", daemon=True)
    prober.start()
    try:
        yield speeds
    finally:
        ended.set()
        prober.join()


def _speed() -> float:
    began = time.thread_time_ns()
    total = 0
    for step in range(_PROBE_STEPS):
        total += step & 7
    return _PROBE_STEPS / ((time.thread_time_ns() - began) / 1e3)
