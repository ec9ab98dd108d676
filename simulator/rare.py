"""How often a lease is outlived by a pause, and what that oversells: down to once in a thousand million.

A process holds a lease in Redis, reads the stock, works, and writes it. If it pauses (a collection of
garbage, a machine that is moved) for longer than what is left of the lease, others take the lease and sell;
then it wakes up and overwrites their sales with what it had read. To wait for that in a simulation would take
for ever.

So it is not waited for (conditional Monte Carlo): how long the lease is held is drawn, the chance that a
pause outlives the rest of it is computed, and the pause is drawn from those that do. Each run weighs as much
as its chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.replications import Interval, mean_interval

Floats = NDArray[np.float64]

_CONFIDENCE = 0.95


class Distribution(Protocol):
    """Of a time in seconds; a frozen one of `scipy.stats`, for measured times its `rv_histogram`."""

    def cdf(self, x: float) -> float:
        """The share up to `x`."""

    def ppf(self, q: Floats) -> Floats:
        """What so large a share does not exceed."""

    def sf(self, x: Floats | float) -> Floats:
        """The share above `x`."""

    def isf(self, q: Floats) -> Floats:
        """What so small a share exceeds."""


@dataclass(frozen=True)
class Pauses:
    """How often a process pauses while it works, and for how long; at most once while it has a lease."""

    per_s: float
    length_s: Distribution

    def chance(self, held_s: Floats) -> Floats:
        """That there is one in so long a time."""
        return -np.expm1(-self.per_s * held_s)


class Violations(NamedTuple):
    """For one lease that is taken: the chance that it is violated, and the units that this oversells.

    Both with their confidence intervals of 95 %.
    """

    chance: Interval
    units: Interval

    def chance_in(self, leases: float) -> Interval:
        """That at least one of so many, on average, is violated."""
        return Interval(*(float(-np.expm1(leases * np.log1p(-chance))) for chance in self.chance))

    def units_in(self, leases: float) -> Interval:
        """What so many oversell."""
        return Interval(*(leases * units for units in self.units))


@dataclass(frozen=True)
class Lease:
    """A lock in Redis that is lost after a while, and what happens around it.

    `held_s` is how long it is held when nothing pauses. While somebody has outlived it, others sell
    `sales_per_s`, as long as any of `units` are left; in the end the books know nothing of that.
    """

    lease_s: float
    held_s: Distribution
    pauses: Pauses
    sales_per_s: float
    units: int

    def violations(self, seed: int, runs: int = 100_000) -> Violations:
        """What is to be expected of one lease."""
        random = np.random.default_rng(seed)
        in_time, too_late = float(self.held_s.cdf(self.lease_s)), float(self.held_s.sf(self.lease_s))
        chance, units = self._outlived_by_a_pause(random, runs)
        chances = in_time * chance + too_late
        oversold = in_time * chance * units + too_late * self._held_too_long(random, runs)
        return Violations(mean_interval(chances, _CONFIDENCE), mean_interval(oversold, _CONFIDENCE))

    def _outlived_by_a_pause(self, random: np.random.Generator, runs: int) -> tuple[Floats, Floats]:
        """Of leases that else would be given back in time: the chance of too long a pause, and its units."""
        held_s = self.held_s.ppf(random.random(runs) * self.held_s.cdf(self.lease_s))
        left_s = self.lease_s - held_s
        longer = self.pauses.length_s.sf(left_s)
        pause_s = self.pauses.length_s.isf(random.random(runs) * longer)
        over_s = np.where(longer > 0, pause_s - left_s, 0.0)  # where no pause is so long, none can be drawn
        return self.pauses.chance(held_s) * longer, self._sold_in(over_s, random)

    def _held_too_long(self, random: np.random.Generator, runs: int) -> Floats:
        """Of leases that are outlived without a pause: the units."""
        held_s = self.held_s.isf(random.random(runs) * self.held_s.sf(self.lease_s))
        pauses = random.random(runs) < self.pauses.chance(held_s)
        pause_s = np.where(pauses, self.pauses.length_s.isf(random.random(runs)), 0.0)
        return self._sold_in(np.maximum(held_s - self.lease_s, 0.0) + pause_s, random)

    def _sold_in(self, over_s: Floats, random: np.random.Generator) -> Floats:
        most_s = 2 * (self.units + 100) / self.sales_per_s  # all units are sold by then
        return np.minimum(random.poisson(self.sales_per_s * np.minimum(over_s, most_s)), self.units)
