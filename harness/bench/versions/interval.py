"""The interval of a ratio that was measured in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_RESAMPLES = 100_000
_SILVERMAN = 1.06  # the rule of thumb for the bandwidth of a normal kernel, in standard deviations


class Interval(NamedTuple):
    """A ratio, and the bounds between which it is with some confidence."""

    ratio: float
    low: float
    high: float


def ratio_interval(ours: Sequence[float], base: Sequence[float], *, confidence: float, seed: int) -> Interval:
    """The geometric mean of ours / base, pair by pair, with a studentised bootstrap interval.

    Studentised, because percentiles of the mean itself are too narrow for ten pairs. Smoothed, because ten
    values drawn again are sometimes three, whose small spread tells nothing of the tails: a normal kernel
    about each value fills the gaps between them.
    """
    logs = np.log(np.asarray(ours) / np.asarray(base))
    pairs, centre, error = logs.size, logs.mean(), _error(logs)
    random = np.random.default_rng(seed)
    bandwidth = _SILVERMAN * pairs ** (-1 / 5) * logs.std(ddof=1)
    drawn = random.choice(logs, (_RESAMPLES, pairs))
    drawn += bandwidth * random.standard_normal(drawn.shape)
    deviations = (drawn.mean(axis=1) - centre) / _error(drawn)
    below, above = np.quantile(deviations, [(1 - confidence) / 2, (1 + confidence) / 2])
    ratio, low, high = np.exp([centre, centre - above * error, centre - below * error]).tolist()
    return Interval(ratio, low, high)


def _error(values: np.ndarray) -> np.ndarray:
    """The standard error of the mean of each row."""
    error: np.ndarray = values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1])
    return error
