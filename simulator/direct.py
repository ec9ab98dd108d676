"""What runs of a calibration show by themselves, before the model is held against any of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from scipy.optimize import nnls

from simulator.decomposition import Repeats, flushes
from simulator.observation import Kind, Observation
from simulator.profile import GeneratorDemands
from simulator.stations import TICK_S
from simulator.strategies import Step, Strategy

_SEND_SHARE, _RECEIVE_SHARE = 0.4, 0.3  # of the generator's CPU for an attempt; the rest comes after it
_P95_SIGMAS = 1.6449  # the 95th percentile of the standard normal distribution

Runs = Mapping[str, Mapping[Kind, Repeats]]
"""By strategy."""


def flush_ms(strategies: Sequence[Strategy], runs: Runs, wire_ms: float) -> float:
    """One flush to disk: what is idle of an order, but for the wire. Where timers hide it in all, none.

    Others may use the disk while one client runs, of which nothing tells. But the orders of one message are
    flushed one after the other: a flush takes no longer than what is left of the time for one of them.
    """
    idle_ms = [
        (runs[one.name]["back_to_back"].idle_ms() - wire_ms) / flushes(one)
        for one in strategies
        if flushes(one)
    ]
    at_most_ms = [
        1e3 / saturated.median(lambda run: run.per_s) - saturated.cpu_ms("database")
        for saturated in (runs[one.name]["saturated"] for one in strategies if one.does(Step.SEND))
    ]
    return max(0.0, min([median(idle_ms), *at_most_ms])) if idle_ms else 0.0


def entry_ms(strategy: Strategy, runs: Mapping[Kind, Repeats]) -> float:
    """By how much a sum takes longer for each entry of its ledger."""
    summing = next((stage.span for stage in strategy.stages if stage.step is Step.RESERVE), None)
    if summing is None:
        return 0.0
    early, late = runs["back_to_back"], runs["late"]
    entries = late.median(lambda run: run.sold_by_half_time) - early.median(lambda run: run.sold_by_half_time)
    return max(0.0, late.span_ms(summing) - early.span_ms(summing)) / entries if entries > 0 else 0.0


def generator(observations: Sequence[Observation]) -> GeneratorDemands:
    """What the load generator takes: its CPU for an attempt, by how much its core had rested before."""
    seen = [one.generator for one in observations if one.generator]
    (warm_ms, cold_ms), _ = nnls(
        np.array([(1.0, one.rested) for one in seen]), np.array([one.cpu_ms for one in seen])
    )
    return GeneratorDemands(
        tick_ms=TICK_S * 1e3,
        send_ms=warm_ms * _SEND_SHARE,
        receive_ms=warm_ms * _RECEIVE_SHARE,
        note_ms=warm_ms * (1 - _SEND_SHARE - _RECEIVE_SHARE),
        cold_ms=cold_ms,
    )


def unevenness(strategies: Sequence[Strategy], runs: Runs) -> float:
    """How uneven the work of orders is that one client sends: the median of the strategies.

    It is of those whose orders do all of their work for themselves, or of all if there are none.
    """
    alone = [one for one in strategies if not one.shares_work] or strategies
    return median(_unevenness(runs[one.name]["back_to_back"]) for one in alone)


def _unevenness(alone: Repeats) -> float:
    """Of a log-normal distribution with the same ratio of the 95th percentile to the median."""
    return alone.median(lambda run: math.log(run.latency_ms.p95 / run.latency_ms.p50) / _P95_SIGMAS)
