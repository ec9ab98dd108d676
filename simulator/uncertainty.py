"""How well a calibration knows what it says: its parameters, the pace of a run to come, and its figures.

Intervals of parameters are from what leaving out one round of runs changes. Source: Tukey's jackknife; Efron
and Stein, "The jackknife estimate of variance" (1981).

How far the model is from the system is told by runs, and figures of runs, that it was not fitted to: a
discrepancy that is part of every prediction. Source: Kennedy, O'Hagan, "Bayesian calibration of computer
models" (2001).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean, median

from scipy.stats import t

from simulator.bounds import MISFIT
from simulator.observation import Kind, Observation
from simulator.profile import Interval, StrategyDemands

_COVERAGE = 0.90
_STRAINED: tuple[Kind, ...] = ("saturated", "refused", "sold_out")  # kinds in which the machine sets the pace

_FIGURES: Mapping[str, tuple[Kind, Callable[[Observation], float]]] = {
    "orders_per_s": ("light", lambda run: run.per_s / run.offered_per_s),
    "utilisation.share": ("light", lambda run: run.busy_share / run.per_s),
    "latency_ms.bought.p50": ("light", lambda run: run.latency_ms.p50),
    "latency_ms.bought.p95": ("light", lambda run: run.latency_ms.p95),
    "latency_ms.bought.p99": ("light", lambda run: run.latency_ms.p99),
    "peak_in_system": ("light", lambda run: run.latency_ms.p99),  # both are of the worst moments
    "retries": ("crowded", lambda run: run.retries),  # where few meet there are too few to tell
}
"""By the path of a figure of a report, which runs tell how far off it is, and what of them."""

SHOW_MISFITS: tuple[Kind, ...] = ("light", "crowded")


def intervals(whole: StrategyDemands, without_one: Sequence[StrategyDemands]) -> dict[str, Interval]:
    """For each demand that is not zero, by its path such as `order.stages.place_order.database_ms`.

    Args:
        whole: fitted to all rounds.
        without_one: fitted to all rounds but one, for each of them; at least two.
    """
    left_out = [_leaves(demands) for demands in without_one]
    return {
        path: _interval(value, [demands.get(path, 0.0) for demands in left_out])
        for path, value in _leaves(whole).items()
    }


def _interval(value: float, without_one: Sequence[float]) -> Interval:
    rounds, mean = len(without_one), fmean(without_one)
    variance = (rounds - 1) / rounds * sum((one - mean) ** 2 for one in without_one)
    half_width = float(t.ppf((1 + _COVERAGE) / 2, rounds - 1)) * math.sqrt(variance)
    return Interval(low=max(0.0, value - half_width), high=value + half_width)


def _leaves(demands: StrategyDemands) -> dict[str, float]:
    return {path: value for path, value in _walk(demands.model_dump()) if value}


def _walk(tree: Mapping[str, object], path: str = "") -> Iterator[tuple[str, float]]:
    for name, value in tree.items():
        here = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield from _walk(value, here)
        elif isinstance(value, float):
            yield here, value


def spread_of_repeats(observations: Sequence[Observation]) -> float:
    """How far the next run is from the mean of these, as the deviation of a logarithm; 0 without repeats."""
    grouped: defaultdict[tuple[str, Kind], list[float]] = defaultdict(list)
    for one in observations:
        if one.kind in _STRAINED:
            grouped[one.strategy, one.kind].append(math.log(one.per_s))
    repeats = fmean(len(group) for group in grouped.values())
    freedom = sum(len(group) - 1 for group in grouped.values())
    if not freedom:
        return 0.0
    squares = sum((value - fmean(group)) ** 2 for group in grouped.values() for value in group)
    return math.sqrt(squares / freedom) * math.sqrt(1 + 1 / repeats)


def misfits(
    observed: Mapping[Kind, Sequence[Observation]], modelled: Mapping[Kind, Observation]
) -> dict[str, float]:
    """How far runs are from the model of them: of each figure, the deviation of its logarithm.

    Of these figures the model was fitted to the CPU alone. One that is zero in a run tells nothing.

    Args:
        observed: runs of each kind of `SHOW_MISFITS`.
        modelled: the same loads, as the model has them.
    """
    found = {
        path: _misfit([figure(run) for run in observed[kind]], figure(modelled[kind]))
        for path, (kind, figure) in _FIGURES.items()
    }
    return {path: deviation for path, deviation in found.items() if deviation is not None}


def _misfit(runs: Sequence[float], modelled: float) -> float | None:
    if not (modelled and all(runs)):
        return None
    return MISFIT.nearest(math.sqrt(fmean(math.log(run / modelled) ** 2 for run in runs)))


def typical(of_strategies: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """For each figure the median over the strategies that tell something of it."""
    told = {path: [one[path] for one in of_strategies if path in one] for path in _FIGURES}
    return {path: median(values) for path, values in told.items() if values}
