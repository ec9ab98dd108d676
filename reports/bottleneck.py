"""What kept a run from taking orders faster: its busiest stretch, and what was used up there."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.shapes import Utilisation
from scenarios.conditions import Conditions, Sample
from scenarios.history import Outcome

NOTHING = "nothing (load below capacity)"
UNKNOWN = "unknown (no order, or no measure of the CPU)"

_USED_UP = 0.85  # of a core, or of all: sampling, scheduler and disk leave a rest even in saturation
_MOST = 0.5
_UNDISTURBED = 0.05  # the quantile of a statement's time that has no wait for a lock in it
_CLOCK_S = 1e-3  # two answers closer than this are not told apart

_ROLES = {
    "worker": "worker CPU",
    "database": "database CPU",
    "redis": "Redis CPU",
    "generator": "generator CPU",
}


@dataclass(frozen=True)
class Stretch:
    """The shortest time that holds half of some moments: a shorth, which no lull or tail dilutes."""

    begin_s: float
    end_s: float
    per_s: float  # the moments' rate within

    @classmethod
    def of(cls, moments_s: NDArray[np.float64]) -> Self:
        """`moments_s`: at least two, in any order."""
        moments = np.sort(moments_s)
        half = max(2, math.ceil(len(moments) / 2))
        lengths = moments[half - 1 :] - moments[: len(moments) - half + 1]
        first = int(np.argmin(lengths))
        length_s = max(float(lengths[first]), _CLOCK_S)
        begin_s = float(moments[first])
        return cls(begin_s, begin_s + length_s, (half - 1) / length_s)

    def of_those(self, attempts: pl.DataFrame) -> pl.DataFrame:
        """The attempts that were answered within."""
        return attempts.filter(pl.col("done_s").is_between(self.begin_s, self.end_s))


def purchases(history: pl.DataFrame) -> pl.DataFrame:
    """The first answer to each order that was acknowledged: a kept answer is not a second order."""
    bought = history.filter(pl.col("outcome") == Outcome.BOUGHT).sort("done_s")
    return bought.unique(["shopper", "key"], keep="first", maintain_order=True)


def spans_of(attempts: pl.DataFrame) -> pl.DataFrame:
    """One row for each span of the attempts: `outcome`, `name`, `ms`, in the order of the system's steps."""
    return attempts.select("outcome", "spans").explode("spans").unnest("spans")


def mean_spans_ms(orders: pl.DataFrame) -> dict[str, float]:
    """The mean time that an order spent in each of its spans."""
    totals = spans_of(orders).group_by("name", maintain_order=True).agg(pl.col("ms").sum() / len(orders))
    return dict(totals.iter_rows())


def utilisation(conditions: Conditions, stretch: Stretch) -> Utilisation | None:
    """Cores busy over the stretch: the mean of the samples taken wholly within.

    Where it is too short to hold one, the busiest of those that touch it: the one that began before a release
    is idle for its first part.
    """
    begins = [0.0, *(sample.at_s for sample in conditions.samples)]
    spans = list(zip(begins, conditions.samples, strict=False))
    within = [one for begin_s, one in spans if begin_s >= stretch.begin_s and one.at_s <= stretch.end_s]
    touching = [one for begin_s, one in spans if begin_s < stretch.end_s and one.at_s > stretch.begin_s]
    found = [_mean(within)] if within else [_mean([one]) for one in touching]
    shares = [sum(cores[role] for role in _rivals(conditions)) / conditions.system_cores for cores in found]
    if not found:
        return None
    busiest = int(np.argmax(shares))
    return Utilisation(**found[busiest], share=shares[busiest])


def _mean(samples: Sequence[Sample]) -> dict[str, float]:
    return {role: statistics.fmean(getattr(sample, role) for sample in samples) for role in _ROLES}


def _rivals(conditions: Conditions) -> list[str]:
    """The roles that share the system's cores."""
    return [role for role in _ROLES if role != "generator" or conditions.generator_shares_cores]


def bound_by(history: pl.DataFrame, conditions: Conditions, stretch: Stretch) -> str:
    """What was used up in the stretch: tries made in vain, CPU, the row's lock, connections, or nothing.

    Vain tries come first, for they show as CPU too; then CPU, of which a saturated machine makes long waits
    for locks and connections as well. What orders wait for names the bound only where the cores were not
    busy and more orders were under way than there are connections.
    """
    used = utilisation(conditions, stretch)
    attempts = stretch.of_those(history)
    spans = spans_of(attempts)
    if used is None or spans.is_empty():
        return UNKNOWN
    if _share_in_vain(spans) >= _MOST:
        return "retries"
    busiest = _busiest(used, conditions)
    if busiest:
        return busiest
    queueing = _under_way(purchases(attempts), stretch) > conditions.workers * conditions.pool_size
    return _what_is_waited_for(spans) if queueing else NOTHING


def _under_way(orders: pl.DataFrame, stretch: Stretch) -> float:
    """The mean number of orders under way at a time, by Little's law."""
    seconds = (orders["done_s"] - orders["sent_s"]).to_numpy()
    return stretch.per_s * float(seconds.mean())


def _share_in_vain(spans: pl.DataFrame) -> float:
    """Of the tries to place an order that was not sold out, those without effect."""
    tries = spans.filter(
        pl.col("name") == "place_order", pl.col("outcome").is_in([Outcome.BOUGHT, Outcome.CONFLICT])
    )
    orders = spans.filter(pl.col("outcome") == Outcome.BOUGHT, pl.col("name") == "pool")
    return 1 - len(orders) / len(tries) if len(tries) else 0.0


def _busiest(used: Utilisation, conditions: Conditions) -> str | None:
    """The role that used most of the cores, if all were busy, or else one that reached its own limit."""
    cores = {role: getattr(used, role) for role in _rivals(conditions)}
    if used.share >= _USED_UP:
        return _ROLES[max(cores, key=cores.__getitem__)]
    limits = {
        "worker": conditions.workers,
        "redis": 1,
    }  # a worker and Redis run on one core each, whatever is free
    full = [role for role, limit in limits.items() if cores[role] >= _USED_UP * limit]
    return _ROLES[full[0]] if full else None


def _what_is_waited_for(spans: pl.DataFrame) -> str:
    """The lock, where orders that hold a connection spend most of that time waiting; else connections."""
    bought = spans.filter(pl.col("outcome") == Outcome.BOUGHT)
    ms = dict(bought.group_by("name").agg(pl.col("ms").sum()).iter_rows())
    held_ms = sum(ms.values()) - ms.get("pool", 0.0)
    statements = bought.filter(pl.col("name") == "place_order")["ms"]
    undisturbed_ms = (statements.quantile(_UNDISTURBED) or 0.0) * len(statements)
    lock_ms = ms.get("lock_row", 0.0) + ms.get("place_order", 0.0) - undisturbed_ms
    return "row lock" if lock_ms >= _MOST * held_ms else "connection pool"
