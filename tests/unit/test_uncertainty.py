"""Intervals of demands, from fits that leave out one round each."""

from __future__ import annotations

import math

import pytest
from scipy.stats import t

from simulator.profile import ClosedRun, Demand, Fit, OrderDemands, StrategyDemands
from simulator.uncertainty import intervals, misfit


def demands(board_ms: float, worker_ms: float = 0.0) -> StrategyDemands:
    order = OrderDemands(
        accept_ms=0, stages={"pool": Demand(worker_ms=worker_ms)}, kept_answer=Demand(), respond_ms=0
    )
    return StrategyDemands(order=order, refusal=order, board_ms=board_ms, wake_ms=0, cold_ms=0)


def test_of_a_mean_the_jackknife_is_the_usual_interval() -> None:
    values = [1.0, 2.0, 6.0]  # their mean is 3, its standard error the square root of 7/3
    left_out = [demands((sum(values) - value) / 2) for value in values]

    found = intervals(demands(3.0), left_out)["board_ms"]

    assert found.high == pytest.approx(3 + t.ppf(0.95, 2) * (7 / 3) ** 0.5)
    assert found.low == 0


def test_a_demand_that_is_zero_has_none_and_the_others_go_by_their_path() -> None:
    found = intervals(demands(1.0, 0.5), [demands(1.0, 0.5), demands(1.0, 0.5)])

    assert set(found) == {
        "board_ms",
        *("order.stages.pool.worker_ms", "refusal.stages.pool.worker_ms"),
        *(f"in_company.{role}" for role in ("worker", "consumer", "database", "redis")),
    }
    assert (found["board_ms"].low, found["board_ms"].high) == (1.0, 1.0)


def fit(observed_ms: float, modelled_ms: float) -> Fit:
    def run(p50_ms: float) -> ClosedRun:
        return ClosedRun(per_s=1, p50_ms=p50_ms, p99_ms=9)

    return Fit(runs=1, observed=run(observed_ms), modelled=run(modelled_ms))


def test_the_misfit_is_that_of_orders_that_meet_few() -> None:
    too_fast = {"light": fit(2, 1), "back_to_back": fit(2, 1), "crowded": fit(9, 1)}
    too_slow = {"light": fit(1, 2), "back_to_back": fit(1, 7), "crowded": fit(1, 9)}

    assert misfit([too_fast, too_slow]) == pytest.approx(1.4826 * math.log(2))
