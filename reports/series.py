"""What is drawn of a run: who was in the system, how fast orders were taken, and the slowest answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.stretch import purchases
from scenarios.history import Outcome
from scenarios.scenario import Scenario

Floats = NDArray[np.float64]

ONE_IN = 10 ** np.linspace(0, 4, 81)  # 10 is the 90th percentile, 100 the 99th

_STEPS = 160
_ROUNDING = 1e-9
_DRAWN = (Outcome.BOUGHT, Outcome.SOLD_OUT)


@dataclass(frozen=True)
class Series:
    """One run over time, and the tails of its latencies.

    `in_system[i]` is the number of attempts under way `i * step_s` after the run began, `orders_per_s[i]` the
    rate of orders in the step that begins then. `tails_ms[outcome][i]` is the latency that only one in
    `ONE_IN[i]` exceeded, as far as the number of attempts can tell; outcomes that did not occur are left out.
    """

    step_s: float
    in_system: Floats
    orders_per_s: Floats
    tails_ms: Mapping[str, Floats]


def observe(history: pl.DataFrame, scenario: Scenario) -> Series:
    """The series of a run; runs of one scenario have the same steps, and as many as they lasted."""
    step_s = scenario.duration_s / _STEPS
    end_s = max(scenario.duration_s, _last(history))
    times = np.arange(0, end_s + step_s, step_s)
    sent, done = (np.sort(history[name].to_numpy()) for name in ("sent_s", "done_s"))
    in_system = np.searchsorted(sent, times, side="right") - np.searchsorted(done, times, side="right")
    orders, _ = np.histogram(
        purchases(history)["done_s"].to_numpy(), bins=np.append(times, times[-1] + step_s)
    )
    return Series(step_s, in_system.astype(np.float64), orders / step_s, _tails(history))


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
