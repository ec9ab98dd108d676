"""Calibrations as they would be made here and now, by a machine of which every demand is known."""

from __future__ import annotations

from typing import Any

from harness import machine
from harness.axes import Axes
from harness.calibrations import fingerprint
from simulator.profile import ClosedRun, Fit, Profile
from tests.unit.profiles import small_machine

AXES = Axes()
SPEEDS = tuple(1.0 + 0.3 * (-1) ** number for number in range(400))  # whose means over many are all alike
ORDERS_PER_S = 1_000.0


def calibrated(*strategies: str, rounds: int = 2, **changes: Any) -> Profile:
    """Of `strategies`, or all, each with 1,000 orders a second; `changes` to the profile's fields."""
    here = machine.machine({"postgres": "18", "redis": "7"}).model_dump()
    known = small_machine().strategies
    run = ClosedRun(per_s=ORDERS_PER_S, p50_ms=1.0, p99_ms=2.0)
    names = strategies or tuple(known)
    fields = {
        "made_at": "2026-01-01T00:00:00+00:00",
        "machine": here,
        "versions": fingerprint.versions(),
        "pool_size": AXES.pool_size,
        "speeds": SPEEDS,
        "strategies": {name: known[name] for name in names},
        "fits": {name: {"saturated": Fit(runs=rounds, observed=run, modelled=run)} for name in names},
    }
    return small_machine(**(fields | changes))
