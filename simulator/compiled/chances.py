"""Keyed random numbers, compiled: bit by bit those of `scenarios.arrivals` and `simulator.crowd`."""

from __future__ import annotations

import math

import numpy as np

from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.world import attempt_of, pace_at
from simulator.order import Draw

_GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_11, _27, _30, _31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)

_PACE, _WAITER, _BACK_OFF, _POLL, _LATENESS = (
    int(draw) for draw in (Draw.PACE, Draw.WAITER, Draw.BACK_OFF, Draw.POLL, Draw.LATENESS)
)


@compiled
def mix64(state: np.uint64) -> np.uint64:
    """The output function of SplitMix64."""
    state = (state ^ (state >> _30)) * _FIRST
    state = (state ^ (state >> _27)) * _SECOND
    return state ^ (state >> _31)


@compiled
def fold(state: np.uint64, part: int) -> np.uint64:
    """The state after one more part of a key."""
    return mix64((state ^ np.uint64(part)) + _GOLDEN_GAMMA)


@compiled
def uniform(state: np.uint64) -> float:
    """The number in (0, 1) that belongs to a key."""
    return (float(state >> _11) + 0.5) * 2.0**-53


@compiled
def _of_attempt(world: Record, draw: int, attempt: Record) -> np.uint64:
    """The state after the key of what an attempt draws."""
    state = fold(fold(world.draws, draw), attempt.arrival)
    return fold(fold(fold(state, attempt.position), attempt.order_number), attempt.attempt)


@compiled
def pace_of(world: Record, order: int) -> float:
    """How much more work than the average an attempt makes: log-normal, with mean 1, unless given."""
    if world.paces_room:
        return float(pace_at(world, (order - 1) % world.paces_room).pace)
    draw = uniform(_of_attempt(world, _PACE, attempt_of(world, order)))
    sigma = world.unevenness
    return math.exp(sigma * standard_normal(draw) - sigma * sigma / 2)


@compiled
def lateness(world: Record, arrival: int) -> float:
    """How late a journey begins, of the most that it may be."""
    return uniform(fold(fold(world.draws, _LATENESS), arrival))


@compiled
def back_off(world: Record, attempt: Record, tried: int) -> float:
    """How much of the ceiling to wait before another try."""
    return uniform(fold(_of_attempt(world, _BACK_OFF, attempt), tried))


@compiled
def poll(world: Record, attempt: Record, asked: int) -> float:
    """How long to wait before a lease is asked for again."""
    return uniform(fold(_of_attempt(world, _POLL, attempt), asked))


@compiled
def next_waiter(world: Record, row: int, served: int) -> float:
    """Who gets the lock of a row."""
    return uniform(fold(fold(fold(world.draws, _WAITER), row), served))


@compiled
def standard_normal(p: float) -> float:
    """The quantile function, as `statistics.NormalDist.inv_cdf` has it.

    Wichura, Algorithm AS 241: The percentage points of the normal distribution, Applied Statistics, 1988.
    """
    q = p - 0.5
    if math.fabs(q) <= 0.425:
        r = 0.180625 - q * q
        num = (((((((2.5090809287301226727e+3 * r +
                     3.3430575583588128105e+4) * r +
                     6.7265770927008700853e+4) * r +
                     4.5921953931549871457e+4) * r +
                     1.3731693765509461125e+4) * r +
                     1.9715909503065514427e+3) * r +
                     1.3314166789178437745e+2) * r +
                     3.3871328727963666080e+0) * q  # fmt: skip
        den = (((((((5.2264952788528545610e+3 * r +
                     2.8729085735721942674e+4) * r +
                     3.9307895800092710610e+4) * r +
                     2.1213794301586595867e+4) * r +
                     5.3941960214247511077e+3) * r +
                     6.8718700749205790830e+2) * r +
                     4.2313330701600911252e+1) * r +
                     1.0)  # fmt: skip
        return num / den
    r = math.sqrt(-math.log(p if q <= 0.0 else 1.0 - p))
    if r <= 5.0:
        r = r - 1.6
        num = (((((((7.74545014278341407640e-4 * r +
                     2.27238449892691845833e-2) * r +
                     2.41780725177450611770e-1) * r +
                     1.27045825245236838258e+0) * r +
                     3.64784832476320460504e+0) * r +
                     5.76949722146069140550e+0) * r +
                     4.63033784615654529590e+0) * r +
                     1.42343711074968357734e+0)  # fmt: skip
        den = (((((((1.05075007164441684324e-9 * r +
                     5.47593808499534494600e-4) * r +
                     1.51986665636164571966e-2) * r +
                     1.48103976427480074590e-1) * r +
                     6.89767334985100004550e-1) * r +
                     1.67638483018380384940e+0) * r +
                     2.05319162663775882187e+0) * r +
                     1.0)  # fmt: skip
    else:
        r = r - 5.0
        num = (((((((2.01033439929228813265e-7 * r +
                     2.71155556874348757815e-5) * r +
                     1.24266094738807843860e-3) * r +
                     2.65321895265761230930e-2) * r +
                     2.96560571828504891230e-1) * r +
                     1.78482653991729133580e+0) * r +
                     5.46378491116411436990e+0) * r +
                     6.65790464350110377720e+0)  # fmt: skip
        den = (((((((2.04426310338993978564e-15 * r +
                     1.42151175831644588870e-7) * r +
                     1.84631831751005468180e-5) * r +
                     7.86869131145613259100e-4) * r +
                     1.48753612908506148525e-2) * r +
                     1.36929880922735805310e-1) * r +
                     5.99832206555887937690e-1) * r +
                     1.0)  # fmt: skip
    x = num / den
    return -x if q < 0.0 else x
