"""How well a calibration knows what it says: its parameters, and the pace of a run to come.

Intervals of parameters are from what leaving out one round of runs changes. Source: Tukey's jackknife; Efron
and Stein, "The jackknife estimate of variance" (1981).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median

from scipy.stats import t

from simulator.observation import Kind, Observation
from simulator.profile import Fit, Interval, StrategyDemands

_COVERAGE = 0.90
_MEDIAN_TO_DEVIATION = 1.4826  # from the median distance to the deviation of a normal distribution
_STRAINED: tuple[Kind, ...] = ("saturated", "refused", "sold_out")  # kinds in which the machine sets the pace


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


def misfit(fits: Sequence[Mapping[str, Fit]]) -> float:
    """How far the model is from what it was fitted to where orders meet few, as the deviation of a logarithm.

    By the median of all strategies: one of which the model does not know what it waits for says nothing about
    the others.

    Args:
        fits: of each strategy, by kind of run.
    """
    ratios = [of["light"].observed.p50_ms / of["light"].modelled.p50_ms for of in fits]
    return _MEDIAN_TO_DEVIATION * median(abs(math.log(ratio)) for ratio in ratios)
