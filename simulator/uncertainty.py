"""How well a calibration knows its parameters: intervals from what leaving out one round of runs changes.

Source: Tukey's jackknife; Efron and Stein, "The jackknife estimate of variance" (1981).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from scipy.stats import t

from simulator.profile import Interval, StrategyDemands

_COVERAGE = 0.90


def intervals(whole: StrategyDemands, without_one: Sequence[StrategyDemands]) -> dict[str, Interval]:
    """For each demand that is not zero, by its path such as `order.stages.place_order.database_ms`, in ms.

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
