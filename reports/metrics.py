"""The figures of a run, and their means over runs: one code for what was measured and what was predicted."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.bottleneck import UNKNOWN, bound_by, time_shares, tries_of, utilisation, vain_tries
from reports.evidence import KEY, Evidence
from reports.refusals import conflicts_alone
from reports.shapes import (
    Aggregate,
    BusiestStretch,
    Interval,
    Metrics,
    Number,
    Percentiles,
    Retries,
    leaves,
)
from reports.spike import queue_gone_after_s, sold_out_after_s, under_way
from reports.stretch import Stretch, mean_spans_ms, purchases
from reports.units import units
from scenarios.history import Outcome
from scenarios.record import Record

_TAIL = 20  # one in twenty lies beyond either end of an interval that covers 90 %
_DECIMALS = 4
_NORMAL = statistics.NormalDist().inv_cdf(1 - 1 / _TAIL)
_NONE: Mapping[str, float] = {}
_OF_EACH_RUN = ("latency_ms.order.p99", "latency_ms.bought.p99")  # what `reports.ranking` goes by
_NOWHERE: Mapping[str, Any] = {
    "latency_ms": {},
    "spans_ms": {},
    **dict.fromkeys(("sold_out_after_s", "queue_gone_after_s", "time_shares", "utilisation")),
}
"""The figures that a run can be without."""


def measure(record: Record) -> Metrics:
    """The figures of one run."""
    history, generator = record.history, record.conditions.generator
    taken = purchases(history)
    stretch = Stretch.of(taken["done_s"].to_numpy()) if len(taken) >= 2 else None
    evidence = Evidence(record)
    repeats = Retries(shoppers=_repeated_keys(history), strategy=_repeated_tries(history))
    return Metrics(
        offered=generator.offered,
        sent=generator.sent,
        dropped=generator.dropped,
        completed=_completed(history),
        outcomes=_outcomes(history),
        units=units(evidence),
        sold_out_after_s=sold_out_after_s(evidence),
        orders_per_s=stretch.per_s if stretch else 0,
        busiest_stretch=_busiest(stretch),
        latency_ms=_latencies(history),
        peak_in_system=int(under_way(history).max(initial=0)),
        queue_gone_after_s=queue_gone_after_s(record),
        retries=repeats.shoppers + repeats.strategy,
        retries_by=repeats,
        conflicts_alone=conflicts_alone(evidence),
        **(_of_stretch(record, taken, stretch) if stretch else _OF_NO_STRETCH),
    )


_OF_NO_STRETCH: Mapping[str, Any] = {
    "spans_ms": {},
    "time_shares": None,
    "vain_tries": 0,
    "utilisation": None,
    "bound_by": UNKNOWN,
}


def _busiest(stretch: Stretch | None) -> BusiestStretch:
    if stretch is None:
        return BusiestStretch(length_s=0, orders=0)
    return BusiestStretch(length_s=stretch.end_s - stretch.begin_s, orders=stretch.holds)


def pace(done_s: NDArray[np.float64]) -> float:
    """Orders a second while they come fastest. `done_s`: when each was first acknowledged, in any order."""
    return Stretch.of(done_s).per_s if len(done_s) >= 2 else 0.0


def _of_stretch(record: Record, taken: pl.DataFrame, stretch: Stretch) -> Mapping[str, Any]:
    """What is stated over the busiest stretch of a run."""
    conditions, orders = record.conditions, stretch.of_those(taken)
    vain = vain_tries(stretch.of_those(record.history))
    return {
        "spans_ms": mean_spans_ms(orders),
        "time_shares": time_shares(orders, conditions, stretch),
        "vain_tries": vain,
        "utilisation": utilisation(conditions, stretch),
        "bound_by": bound_by(orders, conditions, stretch, vain=vain),
    }


def _completed(history: pl.DataFrame) -> int:
    last = history.sort("sent_s").unique("arrival", keep="last", maintain_order=True)
    return last.filter(~pl.col("outcome").is_in([Outcome.UNKNOWN, Outcome.QUEUED])).height


def _outcomes(history: pl.DataFrame) -> dict[str, Number]:
    counts = dict(history["outcome"].value_counts().iter_rows())
    return {outcome.value: counts.get(outcome.value, 0) for outcome in Outcome}


def _latencies(history: pl.DataFrame) -> dict[str, Percentiles]:
    timed = history.select("operation", "outcome", "acknowledged_s", "intended_s", ms=_ms_until("done_s"))
    by_outcome = {str(outcome): _percentiles(rows["ms"]) for (outcome,), rows in timed.group_by("outcome")}
    latencies = {outcome.value: by_outcome[outcome] for outcome in Outcome if outcome in by_outcome}
    orders = timed.filter(pl.col("operation") == "order")
    if len(orders):
        latencies["order"] = _percentiles(orders["ms"])
    acknowledged = timed.drop_nulls("acknowledged_s")
    if len(acknowledged):
        latencies["acknowledged"] = _percentiles(acknowledged.select(_ms_until("acknowledged_s")).to_series())
    return latencies


def _ms_until(moment: str) -> pl.Expr:
    return (pl.col(moment) - pl.col("intended_s")) * 1000


def _percentiles(ms: pl.Series) -> Percentiles:
    p50, p95, p99 = (ms.quantile(q, interpolation="equiprobable") for q in (0.5, 0.95, 0.99))
    return Percentiles.model_validate({"p50": p50, "p95": p95, "p99": p99, "max": ms.max()})


def _repeated_keys(history: pl.DataFrame) -> int:
    orders = history.filter(pl.col("operation") == "order")
    return orders.height - orders.select(KEY).unique().height


def _repeated_tries(history: pl.DataFrame) -> int:
    return int((tries_of(history)["tries"] - 1).sum())


def aggregate(runs: Sequence[Metrics], misfits: Mapping[str, float] = _NONE) -> Aggregate:
    """The mean of each figure over one or more runs, with an interval beside it.

    A figure that only some of the runs have, such as the latency of a rare outcome, is taken over those.

    Args:
        misfits: of runs of the model, by the path of a figure; see `interval`.
    """
    values: dict[str, list[Any]] = defaultdict(list)
    for run in runs:
        for path, value in leaves(run.model_dump(exclude={"bound_by"})):
            if value is not None:
                values[path].append(value)
    figures = {**_NOWHERE, **_nested({path: _mean(numbers) for path, numbers in values.items()})}
    return Aggregate(
        **figures,
        bound_by=statistics.mode(run.bound_by for run in runs),
        runs=len(runs),
        runs_with={path: len(numbers) for path, numbers in values.items() if len(numbers) < len(runs)},
        coverage=round(coverage(len(runs)), _DECIMALS),
        intervals={path: interval(numbers, misfits.get(path, 0.0)) for path, numbers in values.items()},
        by_run={
            path: tuple(_rounded(value) for value in values[path]) for path in _OF_EACH_RUN if path in values
        },
    )


def rank(n: int) -> int:
    """Counted from either end of n sorted values: the last at which the interval still covers 90 %."""
    return max(1, (n + 1) // _TAIL)


def coverage(n: int) -> float:
    """The chance that one more value lies within the interval of n values before it.

    It needs no assumption about their distribution: of n + 1 exchangeable values each is equally likely to
    have any rank (Wilks 1941). 19 values are the fewest for 90 %; two cover one third, one covers nothing.
    """
    return 1 - 2 * rank(n) / (n + 1)


def interval(values: Sequence[Number], misfit: float = 0.0) -> Interval:
    """Between the lowest and the highest value, or as many from either end as leave a coverage of 90 %.

    Args:
        misfit: how far what is asked about is from such values, as the deviation of a logarithm. What
            deviates independently adds up as its squares do. Where the lowest value is 0, it says nothing.
    """
    ordered, nth = sorted(values), rank(len(values))
    low, high = ordered[nth - 1], ordered[-nth]
    if misfit and low > 0:
        middle = statistics.median(ordered)
        low = middle * math.exp(-math.hypot(math.log(middle / low), _NORMAL * misfit))
        high = middle * math.exp(math.hypot(math.log(high / middle), _NORMAL * misfit))
    return Interval(low=_rounded(low), high=_rounded(high))


def _mean(values: Sequence[Number]) -> Number:
    return _rounded(statistics.fmean(values)) if len(set(values)) > 1 else _rounded(values[0])


def _rounded(value: Number) -> Number:
    return value if isinstance(value, int) else round(value, _DECIMALS)


def _nested(figures: Mapping[str, Number]) -> dict[str, Any]:
    """The inverse of `leaves`."""
    tree: dict[str, Any] = {}
    for path, value in figures.items():
        *branches, leaf = path.split(".")
        branch = tree
        for name in branches:
            branch = branch.setdefault(name, {})
        branch[leaf] = value
    return tree
