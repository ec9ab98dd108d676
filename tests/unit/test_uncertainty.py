"""How well a calibration knows its demands, and how far the model is from what it was not fitted to."""

from __future__ import annotations

import math

import pytest
from scipy.stats import t

from simulator.observation import Cpu, Observation, Timing
from simulator.profile import Demand, OrderDemands, StrategyDemands
from simulator.uncertainty import intervals, misfits, typical


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


def light(
    p99_ms: float = 8, *, offered_per_s: float = 100, database_s: float = 0.5, tries: float = 1
) -> Observation:
    return Observation(
        kind="light",
        strategy="no_lock",
        clients=0,
        offered_per_s=offered_per_s,
        workers=1,
        pool_size=5,
        system_cores=1,
        duration_s=1,
        answered=round(offered_per_s),
        bought=round(offered_per_s),
        latency_ms=Timing(count=100, mean=2, p50=2, p95=4, p99=p99_ms, max=20),
        spans_ms={"pool": Timing(count=round(offered_per_s * tries), mean=1, p50=1, p95=1, p99=1, max=1)},
        cpu_s=Cpu(worker=0, database=database_s, redis=0),
        machine_speeds=(1.0,),
    )


def crowded(tries: float) -> Observation:
    return light(tries=tries).model_copy(update={"kind": "crowded"})


def of_light(runs: list[Observation], modelled: Observation) -> dict[str, float]:
    in_a_crowd = crowded(tries=1)
    return misfits({"light": runs, "crowded": [in_a_crowd]}, {"light": modelled, "crowded": in_a_crowd})


def of_crowd(*tries: float, modelled: float) -> dict[str, float]:
    runs = [crowded(each) for each in tries]
    return misfits({"light": [light()], "crowded": runs}, {"light": light(), "crowded": crowded(modelled)})


def test_the_misfit_of_a_figure_is_that_of_the_runs_of_a_light_load() -> None:
    found = of_light([light(16), light(4)], modelled=light(8))

    assert found["latency_ms.bought.p99"] == pytest.approx(math.log(2))
    assert found["peak_in_system"] == found["latency_ms.bought.p99"]
    assert found["latency_ms.bought.p50"] == found["orders_per_s"] == found["utilisation.share"] == 0


def test_who_came_more_often_and_took_as_much_cpu_each_is_no_misfit() -> None:
    found = of_light([light(8, offered_per_s=200, database_s=1.0)], modelled=light(8))

    assert set(found.values()) == {0.0}


def test_the_misfit_of_retries_is_that_of_the_runs_of_a_crowd() -> None:
    assert of_crowd(3, 1.5, modelled=2)["retries"] == pytest.approx(math.log(2))


def test_where_nothing_is_tried_again_there_is_no_misfit_of_retries() -> None:
    assert "retries" not in of_crowd(1, modelled=2) | of_crowd(2, modelled=1) | of_crowd(1, modelled=1)


def test_the_misfits_of_many_strategies_are_the_median_of_each() -> None:
    strategies = [of_light([light(p99_ms)], modelled=light(8)) for p99_ms in (8, 16, 800)]

    assert typical(strategies)["latency_ms.bought.p99"] == pytest.approx(math.log(2))


def test_strategies_that_try_nothing_again_say_nothing_of_retries() -> None:
    strategies = [of_crowd(1, modelled=1), of_crowd(3, modelled=2)]

    assert typical(strategies)["retries"] == pytest.approx(math.log(2))
    assert "retries" not in typical(strategies[:1])
