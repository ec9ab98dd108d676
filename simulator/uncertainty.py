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

from simulator.observation import Kind, Observation
from simulator.profile import Fit, Interval, StrategyDemands

_COVERAGE = 0.90
_MEDIAN_TO_DEVIATION = 1.4826  # from the median distance to the deviation of a normal distribution
_STRAINED: tuple[Kind, ...] = ("saturated", "refused", "sold_out")  # kinds in which the machine sets the pace

_FIGURES: Mapping[str, Callable[[Observation], float]] = {
    "orders_per_s": lambda run: run.per_s / run.offered_per_s,
    "utilisation.share": lambda run: run.busy_share / run.per_s,
    "latency_ms.bought.p50": lambda run: run.latency_ms.p50,
    "latency_ms.bought.p95": lambda run: run.latency_ms.p95,
    "latency_ms.bought.p99": lambda run: run.latency_ms.p99,
    "peak_in_system": lambda run: run.latency_ms.p99,  # both are of the worst moments
}
"""By the path of a figure of a report, what tells in a light load how far off it is."""


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


def misfit_of_pace(fits: Sequence[Mapping[str, Fit]]) -> float:
    """How far the model's pace is from that of clients in a closed loop, as the deviation of a logarithm.

    It was fitted to shoppers who come in an open loop. By the median of all strategies: one of which the
    model does not know what it waits for says nothing about the others.

    Args:
        fits: of each strategy, by kind of run.
    """
    ratios = [of["saturated"].observed.per_s / of["saturated"].modelled.per_s for of in fits]
    return _MEDIAN_TO_DEVIATION * median(abs(math.log(ratio)) for ratio in ratios)


def misfits(runs: Sequence[Observation], modelled: Observation) -> dict[str, float]:
    """How far runs of a light load are from the model of it: of each figure, the deviation of its logarithm.

    Of these figures the model was fitted to the CPU alone.
    """
    return {
        path: math.sqrt(fmean(math.log(figure(run) / figure(modelled)) ** 2 for run in runs))
        for path, figure in _FIGURES.items()
    }


def typical(of_strategies: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """For each figure the median over one or more strategies."""
    return {path: median(one[path] for one in of_strategies) for path in _FIGURES}
