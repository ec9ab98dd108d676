"""Durations do not depend on the wall clock, which may be set back, or stand still, at any moment."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness import cpu
from harness.measuring import samples
from harness.servers.docker import started_s
from scenarios.dispatcher import Clock
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
PACKAGES = ("harness", "reports", "scenarios", "simulator", "system")
WALL_CLOCK = re.compile(r"\btime\.time(_ns)?\(|(?<!perf_counter)\btime_ns\(|datetime\.(now|utcnow)\(")
MOMENTS = {
    "harness/calibrations/kept.py": "how old a calibration is, for people",
    "harness/machine.py": "when a run began, for people",
    "harness/runs.py": "the name of a folder",
    "scenarios/dispatcher.py": "the moment that several processes agree on, once",
    "system/platform/auth.py": "when a token expires, as RFC 7519 has it",
    "system/platform/leases.py": "a number above all others",
}


def set_back() -> Iterator[float]:
    return (1e9 - step for step in itertools.count())


def stands_still() -> Iterator[float]:
    return itertools.repeat(1e9)


@pytest.mark.skipif(not cpu.measurable(), reason="this system does not tell the CPU time of processes")
@pytest.mark.parametrize("wall", [set_back(), stands_still()], ids=["set back", "stands still"])
def test_cores_are_as_busy_as_they_are_whatever_the_wall_clock_says(
    wall: Iterator[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: next(wall))

    with cpu.sampling({"worker": [os.getpid()]}) as readings:
        assert eventually(lambda: len(readings) >= 3)

    others = dict.fromkeys(("database", "redis", "generator"), 0.0)
    complete = [cpu.Reading(one.at_s, one.used_s | others) for one in readings]
    found = list(samples(complete, complete[0].at_s))
    assert len(found) == len(readings) - 1
    assert all(before.at_s < after.at_s for before, after in itertools.pairwise(found))
    assert all(sample.worker >= 0 for sample in found)


def test_two_readings_at_one_moment_say_nothing() -> None:
    used = dict.fromkeys(("worker", "database", "redis", "generator"), 1.0)
    readings = [cpu.Reading(at_s, used) for at_s in (0.5, 1.0, 1.0, 2.0)]

    assert [sample.at_s for sample in samples(readings, 1.0)] == [1.0]


def test_a_run_goes_on_when_the_wall_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = set_back()
    monkeypatch.setattr("time.time", lambda: next(wall))
    clock = Clock(begins_unix_s=1e9)

    moments = [clock.now() for _ in range(3)]

    assert moments == sorted(moments)
    assert 0 <= moments[0] < 1000


@pytest.mark.skipif(sys.platform != "linux", reason="only there the start moves with the clock")
def test_a_process_is_the_same_after_the_wall_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = started_s(psutil.Process())
    boot_s = psutil.boot_time()
    for place in ("psutil.boot_time", "psutil._pslinux.boot_time"):
        monkeypatch.setattr(place, lambda: boot_s - 3600)

    assert started_s(psutil.Process()) == before


def test_no_duration_is_taken_from_the_wall_clock() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    read = {str(file.relative_to(ROOT)) for file in files if WALL_CLOCK.search(file.read_text())}

    assert read == set(MOMENTS)
