"""What is drawn of a run: who was in the system, how fast orders were taken, and the slowest answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.stretch import purchases
from scenarios.history import Outcome
from scenarios.scenario import Scenario

Floats = NDArray[np.float64]

ONE_IN = 10 ** np.linspace(0, 4, 81)  # 10 is the 90th percentile, 100 the 99th

MOST_STEPS = 320
"""Of a series, however long a run lasted: a picture has no room for more."""

_STEPS = 160  # from the first shopper to the last
_ROUNDING = 1e-9
_DRAWN = (Outcome.BOUGHT, Outcome.SOLD_OUT)


@dataclass(frozen=True)
class Series:
    """One run over time, and the tails of its latencies.

    `in_system[i]` is the most attempts under way at one moment of the step that begins `i * step_s` after the
    run began, `orders_per_s[i]` the rate of orders in that step. `tails_ms[outcome][i]` is the latency that
    only one in `ONE_IN[i]` exceeded, as far as the number of attempts can tell; outcomes that did not occur
    are left out.
    """

    step_s: float
    in_system: Floats
    orders_per_s: Floats
    tails_ms: Mapping[str, Floats]

    def coarser(self, times: int) -> Series:
        """The same run in steps `times` as long: a peak stays, a rate becomes that of the longer step."""
        whole = -len(self.in_system) % times
        in_system, paces = (
            np.append(values, np.zeros(whole)).reshape(-1, times)
            for values in (self.in_system, self.orders_per_s)
        )
        return replace(
            self,
            step_s=self.step_s * times,
            in_system=in_system.max(axis=1),
            orders_per_s=paces.mean(axis=1),
        )


def observe(history: pl.DataFrame, scenario: Scenario) -> Series:
    """The series of a run, as long as it lasted; of runs of one scenario the steps are multiples of two."""
    end_s = max(scenario.duration_s, _last(history))
    step_s = _step_s(scenario.duration_s / _STEPS, end_s, MOST_STEPS)
    times = np.arange(math.ceil(end_s / step_s) + 1, dtype=np.float64) * step_s
    orders, _ = np.histogram(
        purchases(history)["done_s"].to_numpy(), bins=np.append(times, times[-1] + step_s)
    )
    return Series(step_s, _most_under_way(history, times), orders / step_s, _tails(history))


def on_one_grid(several: Sequence[Series], most: int = MOST_STEPS) -> list[Series]:
    """Runs of one scenario in steps of one length, at most about `most` of them."""
    end_s = max(len(one.in_system) * one.step_s for one in several)
    step_s = _step_s(max(one.step_s for one in several), end_s, most)
    return [one.coarser(round(step_s / one.step_s)) for one in several]


def _step_s(finest_s: float, end_s: float, most: int) -> float:
    """`finest_s`, or twice as long, or four times and so on, until there are few enough."""
    return finest_s * 2.0 ** max(0, math.ceil(math.log2(end_s / finest_s / most)))


def _most_under_way(history: pl.DataFrame, times: Floats) -> Floats:
    """The most attempts at one moment of each step: when it begins, or when one in it is sent."""
    sent, done = (np.sort(history[name].to_numpy()) for name in ("sent_s", "done_s"))
    at_first = np.searchsorted(sent, times, side="right") - np.searchsorted(done, times, side="right")
    most = at_first.astype(np.float64)
    after_each = np.arange(1, len(sent) + 1) - np.searchsorted(done, sent, side="right")
    np.maximum.at(most, np.searchsorted(times, sent, side="right").clip(1) - 1, after_each)
    return most


def _last(history: pl.DataFrame) -> float:
    return float(history["done_s"].to_numpy().max(initial=0))


def _tails(history: pl.DataFrame) -> dict[str, Floats]:
    tails = {}
    for outcome in _DRAWN:
        attempts = history.filter(pl.col("outcome") == outcome)
        ms = np.sort(((attempts["done_s"] - attempts["intended_s"]) * 1000).to_numpy())
        if len(ms):
            reached = ONE_IN[len(ms) >= ONE_IN]
            slower = np.floor(len(ms) / reached + _ROUNDING).astype(int)
            tails[outcome.value] = ms[np.maximum(len(ms) - slower - 1, 0)]
    return tails


def stacked(runs: Sequence[Floats]) -> Floats:
    """Series over time as the rows of one table; where a run had ended there is 0."""
    table = np.zeros((len(runs), max((len(run) for run in runs), default=0)))
    for row, run in zip(table, runs, strict=True):
        row[: len(run)] = run
    return table
