"""What belongs to a run of the model besides its events, whichever engine plays them."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from scenarios.conditions import Conditions, Generator, Sample
from simulator.defaults import Settings
from simulator.order import Draw, Draws
from simulator.profile import Profile

SAMPLE_S = 0.2
ROLES = ("worker", "consumer", "database", "redis")

Floats = NDArray[np.float64]


def speed_of(profile: Profile, draws: Draws) -> float:
    """How fast the machine is in one run, where its own speed is 1."""
    return math.exp(profile.speed_spread * NormalDist().inv_cdf(draws(Draw.SPEED)))


def sample_times(until_s: float) -> Floats:
    """The ends of the intervals that are looked at, in seconds; the last is not before the end of the run."""
    return np.arange(1, math.ceil(until_s / SAMPLE_S) + 1, dtype=np.float64) * SAMPLE_S


def conditions(profile: Profile, settings: Settings, *, journeys: int, cores: Floats) -> Conditions:
    """The conditions of a run.

    Args:
        cores: f8[n, 4]: those that each of `ROLES` kept busy, in each of n intervals.
    """
    at_s = np.arange(1, len(cores) + 1) * SAMPLE_S
    return Conditions(
        generator=_on_time(journeys),
        samples=tuple(
            Sample(at_s=at, generator=0, **dict(zip(ROLES, busy, strict=True)))
            for at, busy in zip(at_s.tolist(), cores.tolist(), strict=True)
        ),
        system_cores=profile.system_cores,
        generator_shares_cores=False,
        workers=settings.workers,
        pool_size=settings.pool_size,
    )


def _on_time(journeys: int) -> Generator:
    return Generator(
        offered=journeys,
        sent=journeys,
        dropped=0,
        lateness_p50_ms=0,
        lateness_p99_ms=0,
        lateness_max_ms=0,
        cpu_share=0,
    )
