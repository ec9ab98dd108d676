"""What is known exactly of queues, against the model. Intervals of 99 %, from independent pieces of a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
import simpy

from simulator.model import simulate
from simulator.stations import Cores, Steps
from tests.unit.profiles import one_sku, small_machine
from tests.unit.queues import Floats, Service, departures, interval, poisson

_CUSTOMERS = 40_000


@pytest.mark.parametrize(
    ("name", "servers", "per_s", "cv", "waits_s"),
    [
        ("M/M/1", 1, 0.8, 1, 4.0),
        ("M/M/2", 2, 1.6, 1, 1.777778),
        ("M/M/10", 10, 9.0, 1, 0.6687315),
        ("M/D/1", 1, 0.8, 0, 2.0),
        ("M/E4/1", 1, 0.8, 0.5, 2.5),
    ],
)
def test_the_mean_wait_for_a_core(name: str, servers: int, per_s: float, cv: float, waits_s: float) -> None:
    random = np.random.default_rng(len(name))
    at_s = poisson(random, per_s, _CUSTOMERS)
    work_s = random.gamma(1 / cv**2, cv**2, _CUSTOMERS) if cv else np.ones(_CUSTOMERS)

    left_s = departures(at_s, lambda env: _on(Cores(env, servers), work_s))

    low, high = _regenerative_interval(left_s - at_s - work_s, at_s, left_s)
    assert low < waits_s < high


def _on(cores: Cores, work_s: Floats) -> Service:
    return lambda number: cores.run(float(work_s[number]), "role")


def _regenerative_interval(values: Floats, at_s: Floats, left_s: Floats) -> tuple[float, float]:
    """Of the mean: what happens between two customers who find nobody there is independent of all else."""
    everybody_left_s = np.concatenate([[-math.inf], np.maximum.accumulate(left_s)[:-1]])
    begins = np.flatnonzero(everybody_left_s <= at_s)
    sums, counts = np.add.reduceat(values, begins), np.diff(begins, append=len(values))
    mean = sums.sum() / counts.sum()
    error = (sums - mean * counts).std() / counts.mean() / math.sqrt(len(begins))
    return mean - 2.576 * error, mean + 2.576 * error


def test_the_throughput_of_ten_clients_who_think() -> None:
    env = simpy.Environment()
    cores = Cores(env, 1)
    random = np.random.default_rng(1)
    answered_s: list[float] = []

    def client() -> Steps:
        while True:
            yield env.timeout(random.exponential(4.0))
            yield from cores.run(random.exponential(0.5), "role")
            answered_s.append(env.now)

    for _ in range(10):
        env.process(client())
    env.run(until=11_000)

    per_s = np.histogram(answered_s, np.arange(1_000, 11_001, 500))[0] / 500
    low, high = interval(per_s)
    assert low < 1.7566779 < high  # exact mean value analysis


def test_the_last_of_a_burst_waits_for_all_before_it() -> None:
    low, high = interval(np.array([_wait_of_the_last(seed) for seed in range(20)]))

    assert low < 9.9 < high


def _wait_of_the_last(seed: int) -> float:
    """Of 5,000 who come at once to 50 cores, each with a tenth of a second's work on average."""
    work_s = np.random.default_rng(seed).exponential(0.1, 5_000)
    left_s = departures(np.zeros(5_000), lambda env: _on(Cores(env, 50), work_s))
    return float(left_s[-1] - work_s[-1])


def test_cores_are_busy_for_what_the_orders_ask_for() -> None:
    """The utilisation law, for every role of a run in which nobody meets anybody."""
    profile = small_machine(unevenness=0, speed_spread=0)
    scenario = one_sku(10_000, per_s=20, duration_s=10)

    record = simulate(scenario, "redis_hold", profile, seed=1, replication=0, workers=1, pool_size=5)

    orders = record.history.height
    assert len(record.books.orders) == orders
    busy_s = {
        role: sum(getattr(sample, role) for sample in record.conditions.samples) * 0.2
        for role in ("worker", "database", "redis")
    }
    looks = record.conditions.samples[-1].at_s / 0.1  # for what is sold out
    assert busy_s["redis"] == pytest.approx(orders * 0.05e-3)
    assert busy_s["database"] == pytest.approx(orders * 0.3e-3 + looks * 0.04e-3, rel=0.01)
    assert busy_s["worker"] == pytest.approx(orders * 0.51e-3 + looks * 0.05e-3, rel=0.01)


def test_the_shoppers_in_the_system_are_those_who_come_times_how_long_they_stay() -> None:
    """Little's law, with the number in the system counted at the moments of a Poisson process (PASTA)."""
    profile = small_machine(speed_spread=0)
    scenario = one_sku(10**6, per_s=900, duration_s=10)

    history = simulate(
        scenario, "conditional_update", profile, seed=1, replication=0, workers=1, pool_size=5
    ).history

    sent_s, done_s = np.sort(history["sent_s"].to_numpy()), np.sort(history["done_s"].to_numpy())
    looked_s = np.sort(np.random.default_rng(1).uniform(0, 10, 20_000))
    there = np.searchsorted(sent_s, looked_s) - np.searchsorted(done_s, looked_s)
    low, high = interval(there.reshape(40, -1).mean(axis=1))
    stay_s = (history["done_s"] - history["sent_s"]).sum()
    assert low < stay_s / 10 < high
