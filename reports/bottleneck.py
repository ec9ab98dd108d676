"""What kept a run from taking orders faster: what its busiest stretch used up, and what orders waited for."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np
import polars as pl

from reports.shapes import TimeShares, Utilisation
from reports.stretch import Stretch, spans_of
from scenarios.conditions import Conditions, Sample, WaitSample
from scenarios.history import Outcome

NOTHING = "nothing (load below capacity)"
UNKNOWN = "unknown (no order, or no measure of the CPU)"

_USED_UP = 0.85  # of a core, or of all: sampling, scheduler and disk leave a rest even in saturation
_MOST = 0.5
_SOMEBODY = 1.0  # what at least one order waits for all the time is used up
_UNDISTURBED = 0.05  # the quantile of a statement's time that has no wait for a lock in it

_ROLES = {
    "worker": "worker CPU",
    "consumer": "consumer CPU",
    "database": "database CPU",
    "redis": "Redis CPU",
    "generator": "generator CPU",
}
_ONE_CORE_EACH = ("consumer", "redis")  # whatever is free; so has every worker

# A span that is none of these is a statement.
_LEASE = "redis_lock"
_KINDS = {
    "pool": "pool",
    _LEASE: "lock",
    **dict.fromkeys(("redis_hold", "redis_confirm", "redis_enqueue", "redis_unlock"), "redis"),
    **dict.fromkeys(("batch_wait", "batch", "journal_wait", "journal"), "queue"),
}
_LOCKING = ("lock_row", "advisory_lock")  # statements that do nothing but take a lock
_ONCE_A_TRY = ("begin", "read_stock", "reserve", "place_order")


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


def tries_of(attempts: pl.DataFrame) -> pl.DataFrame:
    """`outcome` and `tries` of each attempt that told of its steps: how often its most frequent one came."""
    spans = spans_of(attempts.with_row_index("row"), "row")
    steps = spans.filter(pl.col("name").is_in(_ONCE_A_TRY)).group_by("row", "name", "outcome").len("tries")
    return steps.group_by("row", "outcome").agg(pl.col("tries").max().cast(pl.Int64)).drop("row")


def vain_tries(attempts: pl.DataFrame) -> float:
    """Of the tries to place an order that was not sold out, the share without effect."""
    tries = tries_of(attempts).filter(pl.col("outcome").is_in([Outcome.BOUGHT, Outcome.CONFLICT]))
    orders = tries.filter(pl.col("outcome") == Outcome.BOUGHT).height
    total = int(tries["tries"].sum())
    return 1 - orders / total if total else 0.0


def time_shares(orders: pl.DataFrame, conditions: Conditions, stretch: Stretch) -> TimeShares | None:
    """Where the time of the orders went; None where there is none, or no span of any."""
    spans = spans_of(orders)
    if spans.is_empty():
        return None
    ms = dict.fromkeys(TimeShares.model_fields, 0.0)
    statements = spans.filter(~pl.col("name").is_in(list(_KINDS)))
    for name, spent in spans.join(statements, on="name", how="anti").select("name", "ms").iter_rows():
        ms[_KINDS[name]] += spent
    for kind, share in _split(statements, conditions.waits, stretch).items():
        ms[kind] += share * float(statements["ms"].sum())
    ms["queue"] += _sum_ms(orders["done_s"] - orders["acknowledged_s"])
    whole = max(_sum_ms(orders["done_s"] - orders["sent_s"]), sum(ms.values()))
    ms["worker"] = whole - sum(ms.values())
    return TimeShares.model_validate({kind: spent / whole for kind, spent in ms.items()}) if whole else None


def _sum_ms(seconds: pl.Series) -> float:
    return 1000 * float(seconds.sum())


def _split(statements: pl.DataFrame, waits: Sequence[WaitSample], stretch: Stretch) -> dict[str, float]:
    """The shares of the statements' time that they waited for a lock, for the disk, and were at work.

    As the connections were found within the stretch; where nobody looked, by how much longer than undisturbed
    ones statements took.
    """
    seen = [one for one in waits if stretch.begin_s <= one.at_s <= stretch.end_s]
    lock, flush = (sum(getattr(one, kind) for one in seen) for kind in ("lock", "io"))
    busy = lock + flush + sum(one.active for one in seen)
    if busy:
        return {"lock": lock / busy, "flush": flush / busy, "database": 1 - (lock + flush) / busy}
    total_ms = float(statements["ms"].sum())
    lock_share = _disturbance_ms(statements) / total_ms if total_ms else 0.0
    return {"lock": lock_share, "database": 1 - lock_share}


def _disturbance_ms(statements: pl.DataFrame) -> float:
    locking = float(statements.filter(pl.col("name").is_in(_LOCKING))["ms"].sum())
    placing = statements.filter(pl.col("name") == "place_order")["ms"]
    undisturbed_ms = (placing.quantile(_UNDISTURBED) or 0.0) * len(placing)
    return locking + float(placing.sum()) - undisturbed_ms


def bound_by(orders: pl.DataFrame, conditions: Conditions, stretch: Stretch, *, vain: float) -> str:
    """What was used up in the stretch: tries made in vain, CPU, a lock, the disk, connections, or nothing.

    Vain tries come first, for they show as CPU too; then CPU, of which a saturated machine makes long waits
    for everything else as well. Only where the cores were not busy does it count what orders waited for: what
    at least one of them waited for at any time (by Little's law) is used up. Connections come last, for who
    waits for something else holds one meanwhile.
    """
    used = utilisation(conditions, stretch)
    shares = time_shares(orders, conditions, stretch)
    if used is None or shares is None:
        return UNKNOWN
    if vain >= _MOST:
        return "retries"
    return _busiest(used, conditions) or _waited_for(orders, shares, stretch) or NOTHING


def _busiest(used: Utilisation, conditions: Conditions) -> str | None:
    """The role that used most of the cores, if all were busy, or else one that reached its own limit."""
    cores = {role: getattr(used, role) for role in _rivals(conditions)}
    if used.share >= _USED_UP:
        return _ROLES[max(cores, key=cores.__getitem__)]
    limits = {"worker": conditions.workers, **dict.fromkeys(_ONE_CORE_EACH, 1)}
    full = [role for role, limit in limits.items() if cores[role] >= _USED_UP * limit]
    return _ROLES[full[0]] if full else None


def _waited_for(orders: pl.DataFrame, shares: TimeShares, stretch: Stretch) -> str | None:
    under_way = stretch.per_s * float((orders["done_s"] - orders["sent_s"]).to_numpy().mean())
    waiting = {kind: share * under_way for kind, share in shares.model_dump().items()}
    names = {"lock": _lock(orders), "queue": "writer's queue", "flush": "commit flush", "redis": "Redis"}
    longest = max(names, key=waiting.__getitem__)
    if waiting[longest] >= _SOMEBODY:
        return names[longest]
    return "connection pool" if waiting["pool"] >= _SOMEBODY else None


def _lock(orders: pl.DataFrame) -> str:
    """Which kind of lock the strategy takes."""
    taken = set(spans_of(orders)["name"])
    if _LEASE in taken:
        return "lease"
    return "advisory lock" if "advisory_lock" in taken else "row lock"
