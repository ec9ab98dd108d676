"""Exact recursions of queueing theory, and the customers sent through a station of the model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.stations import Steps

CUSTOMERS = 3_000
EXACT_S = 1e-9
"""How far a path may be from the recursion: what rounding makes of it."""

Floats = NDArray[np.float64]
Service = Callable[[int], Steps]
"""What the customer of this number does at a station."""


def departures(at_s: Floats, station: Callable[[simpy.Environment], Service]) -> Floats:
    """When each customer leaves a station."""
    env = simpy.Environment()
    serve = station(env)
    left_s = np.zeros(len(at_s))

    def customer(number: int) -> Steps:
        yield from serve(number)
        left_s[number] = env.now

    def source() -> Steps:
        for number, moment_s in enumerate(at_s.tolist()):
            yield env.timeout(moment_s - env.now)
            env.process(customer(number))

    env.process(source())
    env.run()
    return left_s


def lindley(at_s: Floats, work_s: Floats) -> Floats:
    """Departures from one server, first come, first served (Lindley 1952)."""
    left_s = np.zeros(len(at_s))
    free_s = 0.0
    for number, (moment_s, needs_s) in enumerate(zip(at_s, work_s, strict=True)):
        free_s = max(moment_s, free_s) + needs_s
        left_s[number] = free_s
    return left_s


def group_commits(at_s: Floats, flush_s: float) -> Floats:
    """Departures from a disk, a flush of which takes along all who came before it began."""
    left_s = np.zeros(len(at_s))
    number = 0
    ends_s = 0.0
    while number < len(at_s):
        begins_s = max(ends_s, at_s[number])
        ends_s = begins_s + flush_s
        group = np.arange(number, max(number + 1, int(np.searchsorted(at_s, begins_s, side="right"))))
        left_s[group] = ends_s
        number = group[-1] + 1
    return left_s


def poisson(random: np.random.Generator, per_s: float, customers: int) -> Floats:
    """The moments of a Poisson process."""
    return np.cumsum(random.exponential(1 / per_s, customers))
