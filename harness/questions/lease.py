"""How often a lease in Redis is outlived by a pause of its holder, and what that oversells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, NamedTuple, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from harness.display import Live
from harness.errors import UsageError
from harness.questions.asking import Asking, nobody_orders
from reports.answers.shapes import Estimate, Held, LeaseLength, Leases, Pause
from reports.metrics import measure
from reports.stretch import purchases, spans_of
from scenarios.record import Record
from simulator.defaults import Settings
from simulator.rare import Distribution, Lease, Pauses
from simulator.replications import Interval
from simulator.variants import Variant

STRATEGY = "redis_lock"
_TAKEN, _GIVEN_BACK = "redis_lock", "redis_unlock"  # spans
_REPLICATIONS = 4
_POLLING = 12  # times the work of other strategies: whoever waits for a lease asks again and again
_DRAWS_S = 2.0  # of the whole curve
# The lengths of the curve, relative to the one that is asked about.
_TIMES = np.geomspace(0.1, 30, 26).tolist()
_HOUR_S = 3600
_P99 = float(stats.norm.ppf(0.99))

Floats = NDArray[np.float64]


class Seen(NamedTuple):
    """What a run shows of its leases: how long each was held, and the sales."""

    held_s: Floats
    sales_per_s: float


@dataclass(frozen=True)
class HowOftenOutlived:
    """Asks for the leases of `redis_lock` that run out while their holder stands still."""

    pause: Pause
    lease_ms: float
    name: ClassVar = "lease"
    title: ClassVar = "how often a lease is outlived by a pause"

    @classmethod
    def of(cls, per_hour: float, median_ms: float, p99_ms: float, lease_ms: float | None) -> Self:
        """With pauses as they are stated. `lease_ms`: None for the system's own.

        Raises:
            UsageError: 99 of 100 pauses are said to be shorter than half of them.
        """
        if p99_ms <= median_ms:
            raise UsageError(
                f"--pause-p99-ms {p99_ms:g}: shorter than the median of {median_ms:g} ms, or no longer; "
                "expected more"
            )
        pause = Pause(per_hour=per_hour, median_ms=median_ms, p99_ms=p99_ms)
        return cls(pause, Settings().lease_s * 1e3 if lease_ms is None else lease_ms)

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        if STRATEGY not in asking.profile.strategies:
            return f"the profile does not know {STRATEGY}; calibrate again with it"
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        return _POLLING * asking.expected_s(asking.replications or _REPLICATIONS) + _DRAWS_S

    def answer(self, asking: Asking, live: Live) -> Leases:
        """See how long leases are held, then compute what cannot be waited for."""
        replications = asking.replications or _REPLICATIONS
        runs = asking.play({STRATEGY: asking.variant(STRATEGY)}, seen, replications, live)[STRATEGY]
        held_s = np.concatenate([run.held_s for run in runs])
        live(f"{len(held_s)} leases were seen; computing how often one is outlived")
        drop = _Drop(
            held=distribution(held_s) if len(held_s) else None,
            pauses=pauses(self.pause),
            leases=len(held_s) / replications,
            sales_per_s=fmean(run.sales_per_s for run in runs),
            units=max(sku.units for sku in asking.scenario.skus),
            seed=asking.seed,
        )
        return Leases(
            strategy=STRATEGY,
            pause=self.pause,
            held=_told(held_s) if len(held_s) else None,
            leases=drop.leases,
            sales_per_s=drop.sales_per_s,
            units=drop.units,
            workers=asking.axes.workers,
            replications=replications,
            asked=drop.with_leases_of(self.lease_ms),
            lengths=tuple(drop.with_leases_of(self.lease_ms * times) for times in _TIMES),
        )


@dataclass(frozen=True)
class _Drop:
    """What decides how often a lease is outlived, but for its length. `held`: None where nobody got one."""

    held: Distribution | None
    pauses: Pauses
    leases: float
    sales_per_s: float
    units: int
    seed: int

    def with_leases_of(self, lease_ms: float) -> LeaseLength:
        if self.held is None:
            never = Estimate(mean=0, low=0, high=0)
            return LeaseLength(lease_ms=lease_ms, one=never, drop=never, units=never)
        lease = Lease(lease_ms / 1e3, self.held, self.pauses, self.sales_per_s, self.units)
        found = lease.violations(self.seed)
        return LeaseLength(
            lease_ms=lease_ms,
            one=_estimate(found.chance),
            drop=_estimate(found.chance_in(self.leases)),
            units=_estimate(found.units_in(self.leases)),
        )


def seen(record: Record, _: Variant) -> Seen:
    """What is kept of a run. Sales are those of one size, on average over the orders that take its lease."""
    taken = purchases(record.history)
    units = taken.select("skus", "quantities").explode("skus", "quantities").group_by("skus").sum()
    sold = units["quantities"].to_numpy()
    of_one_size = float((sold**2).sum() / sold.sum() / len(taken)) if len(taken) else 0.0
    return Seen(held_s_of(taken), measure(record).orders_per_s * of_one_size)


def held_s_of(orders: pl.DataFrame) -> Floats:
    """How long the lease of each order was held: from the answer that granted it to the one that ended it."""
    spans = spans_of(orders.with_row_index("row"), "row")
    granted = (pl.col("name") == _TAKEN).cum_sum().over("row")
    ended = (pl.col("name") == _GIVEN_BACK).cum_sum().over("row")
    within = (granted > 0) & (pl.col("name") != _TAKEN) & ((ended == 0) | (pl.col("name") == _GIVEN_BACK))
    held = spans.filter(within).group_by("row", maintain_order=True).agg(pl.col("ms").sum())
    return held["ms"].to_numpy() / 1e3


def distribution(held_s: Floats) -> Distribution:
    """That of the times that were seen; between two neighbours any time is equally likely."""
    edges = np.unique(held_s)
    if len(edges) == 1:
        edges = np.array([edges[0], np.nextafter(edges[0], np.inf)])
    found: Distribution = stats.rv_histogram(np.histogram(held_s, edges), density=False)
    return found


def pauses(pause: Pause) -> Pauses:
    """Log-normal ones."""
    spread = math.log(pause.p99_ms / pause.median_ms) / _P99
    return Pauses(pause.per_hour / _HOUR_S, stats.lognorm(spread, scale=pause.median_ms / 1e3))


def _told(held_s: Floats) -> Held:
    p50, p99 = np.quantile(held_s, (0.5, 0.99), method="inverted_cdf") * 1e3
    return Held(p50=float(p50), p99=float(p99), max=float(held_s.max()) * 1e3, leases=len(held_s))


def _estimate(found: Interval) -> Estimate:
    return Estimate(mean=found.mean, low=max(0.0, found.low), high=found.high)
