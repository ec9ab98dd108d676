"""The loads of a validation, and the simpler models that it compares with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from harness.axes import Axes
from harness.validation.baselines import BASELINES, Buyers, Known, departures
from harness.validation.cases import Loads, cases
from reports.experiment import StrategyUnderTest
from scenarios.arrivals import generate
from scenarios.scenario import load
from simulator.decomposition import Repeats
from simulator.observation import Cpu, Observation, Timing, save_observations

STRATEGY = StrategyUnderTest(name="redis_hold", safe=True, ack="committed")
LOADS = Loads((0.5, 1.5), elsewhere=(("workers", 2),), spikes=("larger stock",), steady_s=3, spike_scale=0.1)


def observation(kind: str, clients: int, per_s: float) -> Observation:
    ms = 1e3 * clients / per_s
    return Observation.model_validate(
        {
            "kind": kind,
            "strategy": "redis_hold",
            "clients": clients,
            "offered_per_s": 0.0 if clients else 1.2 * per_s,
            "workers": 1,
            "pool_size": 10,
            "system_cores": 1,
            "duration_s": 1.0,
            "answered": round(per_s),
            "bought": round(per_s),
            "latency_ms": Timing(count=100, mean=ms, p50=ms, p95=2 * ms, p99=3 * ms, max=4 * ms),
            "spans_ms": {},
            "cpu_s": Cpu(worker=0.5, consumer=0, database=0.4, redis=0),
            "machine_speeds": (1.0,),
        }
    )


KNOWN = Known(
    alone=Repeats([observation("back_to_back", 1, 500)]),
    saturated=Repeats([observation("saturated", 64, 1_000)]),
    crowded=Repeats([observation("crowded", 0, 1_000)]),
)


def test_steady_loads_are_shares_of_capacity_and_their_stock_lasts() -> None:
    half, over, elsewhere, _ = cases(STRATEGY, 1_000, Axes(), LOADS)

    assert [case.load.offered_per_s for case in (half, over, elsewhere)] == [500, 1_500, 850]
    assert (elsewhere.load.workers, elsewhere.axes.workers, half.axes.workers) == (2, 2, 1)
    assert elsewhere.load.beyond == "calibrated without workers=2"
    assert over.scenario.skus[0].units > over.scenario.arrivals.expected == 4_500


def test_a_spike_is_the_same_for_all_strategies_whatever_they_can_do() -> None:
    slow, fast = (cases(STRATEGY, capacity, Axes(), LOADS)[-1] for capacity in (100, 1_000))

    assert slow.scenario == fast.scenario
    assert [sku.units for sku in slow.scenario.skus] == [3 * sku.units for sku in load("sneaker_drop").skus]


def test_a_rate_that_no_generator_can_send_is_left_out() -> None:
    assert [case.load.name for case in cases(STRATEGY, 4_000, Axes(), LOADS)] == [
        "50 %",
        "workers=2",
        "larger stock",
    ]


def test_the_load_generator_reads_the_very_scenario_that_was_predicted(tmp_path: Path) -> None:
    for case in cases(STRATEGY, 1_000, Axes(), LOADS):
        assert case.rehearsal(tmp_path, seed=3).scenario == case.scenario


def test_observations_can_be_read_again(tmp_path: Path) -> None:
    observations = [*KNOWN.alone.observations, *KNOWN.saturated.observations]
    save_observations(observations, tmp_path)

    written = (tmp_path / "observations.json").read_text()
    assert TypeAdapter(list[Observation]).validate_json(written) == observations


def test_one_server_follows_lindleys_recursion() -> None:
    draws = np.random.default_rng(3)
    arrivals, services = np.cumsum(draws.exponential(1.0, 500)), draws.exponential(0.9, 500)
    waits = [0.0]
    for gap, service in zip(np.diff(arrivals), services[:-1], strict=True):
        waits.append(max(0.0, waits[-1] + service - gap))

    left = departures(arrivals.tolist(), services.tolist(), servers=1)

    assert left == pytest.approx(arrivals + np.array(waits) + services, abs=1e-9)


def test_with_a_server_for_everybody_nobody_waits() -> None:
    assert departures([0.0, 0.1, 0.2], [1.0, 2.0, 3.0], servers=3).tolist() == [1.0, 2.1, 3.2]


def test_buyers_are_those_for_whom_there_is_all_that_they_ask_for() -> None:
    drop = load("sneaker_drop")

    buyers = Buyers.of(drop, generate(drop, seed=1))

    assert len(buyers.at_s) == sum(sku.units for sku in drop.skus)


def test_below_capacity_all_simpler_models_see_the_orders_that_come() -> None:
    buyers = Buyers(np.arange(0, 10, 0.004))
    figures = {name: foresee(KNOWN, buyers, np.random.default_rng(1)) for name, foresee in BASELINES.items()}

    assert {name: one["orders_per_s"] for name, one in figures.items()} == pytest.approx(
        dict.fromkeys(BASELINES, 250), rel=0.1
    )


def test_above_capacity_only_the_linear_model_sees_no_queue() -> None:
    buyers = Buyers(np.arange(0, 4, 0.0005))
    p99 = {
        name: foresee(KNOWN, buyers, np.random.default_rng(1))["latency_ms.bought.p99"]
        for name, foresee in BASELINES.items()
    }

    assert p99["linear"] == KNOWN.alone.observations[0].latency_ms.p99
    assert p99["M/M/c"] > 1_000
    assert p99["scalability law"] > 1_000
