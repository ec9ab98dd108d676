"""What belongs to a run of the model besides its events, whichever engine plays them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, islice
from statistics import NormalDist, fmean

import numpy as np
from numpy.typing import NDArray

from scenarios.conditions import Conditions, Generator, Sample
from simulator.defaults import Settings
from simulator.profile import Profile
from simulator.stations import ROLES, SPEEDS_A_SECOND
from simulator.strata import Stratum

SAMPLE_S = 0.2

Floats = NDArray[np.float64]


def speed_of(profile: Profile, stratum: Stratum) -> float:
    """How fast the machine is in one run, where its own speed is 1."""
    return math.exp(profile.speed_spread * NormalDist().inv_cdf(stratum.pace))


def speeds_of(profile: Profile, stratum: Stratum, lasting_s: float) -> tuple[float, ...]:
    """How fast it is meanwhile, relative to that, for every 100 ms: as it was probed, from some moment on.

    A run plays back only a part of the trace, and so the moment is one more pace. All moments are put in the
    order of the mean speed in the `lasting_s` seconds after them; the one at the stratum's quantile is taken.
    """
    speeds = np.array(profile.speeds)
    played = min(max(1, round(lasting_s * SPEEDS_A_SECOND)), len(speeds))
    total = np.cumsum(np.concatenate([[0.0], speeds, speeds[: played - 1]]))
    slowest_first = np.argsort(total[played:] - total[:-played], kind="stable")
    first = int(slowest_first[int(stratum.moment * len(speeds))])
    return profile.speeds[first:] + profile.speeds[:first]


def sample_times(until_s: float) -> Floats:
    """The ends of the intervals that are looked at, in seconds; the last is not before the end of the run."""
    return np.arange(1, math.ceil(until_s / SAMPLE_S) + 1, dtype=np.float64) * SAMPLE_S


def conditions(
    profile: Profile,
    settings: Settings,
    *,
    speed: float,
    speeds: Sequence[float],
    journeys: int,
    generator_used_s: float,
    cores: Floats,
) -> Conditions:
    """The conditions of a run.

    Args:
        speed: of the machine in this run, where its own is 1.
        speeds: meanwhile, relative to that, for every 100 ms.
        generator_used_s: CPU of the load generator; its record is a mean.
        cores: f8[n, 4]: those that each of `ROLES` kept busy, in each of n intervals.
    """
    at_s = np.arange(1, len(cores) + 1) * SAMPLE_S
    generator = generator_used_s / float(at_s[-1]) if len(at_s) else 0.0
    meanwhile = islice(cycle(speeds), max(1, round(len(cores) * SAMPLE_S * SPEEDS_A_SECOND)))
    return Conditions(
        generator=_nearly_on_time(journeys, profile.generator.tick_ms, generator),
        samples=tuple(
            Sample(at_s=at, generator=generator, **dict(zip(ROLES, busy, strict=True)))
            for at, busy in zip(at_s.tolist(), cores.tolist(), strict=True)
        ),
        machine_speed=profile.speed * speed * fmean(meanwhile),
        system_cores=profile.system_cores,
        generator_shares_cores=False,
        workers=settings.workers,
        pool_size=settings.pool_size,
        misfits=profile.misfits,
    )


def _nearly_on_time(journeys: int, tick_ms: float, cpu_share: float) -> Generator:
    return Generator(
        offered=journeys,
        sent=journeys,
        dropped=0,
        lateness_p50_ms=0.5 * tick_ms,
        lateness_p99_ms=0.99 * tick_ms,
        lateness_max_ms=tick_ms,
        cpu_share=cpu_share,
    )
