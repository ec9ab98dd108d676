"""Laws that every queue obeys, held to whole runs of the model; its parts alone are what selfcheck is for."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.model import simulate
from simulator.replications import mean_interval
from tests.unit.profiles import one_sku, small_machine


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
    assert busy_s["worker"] == pytest.approx(orders * (0.51 + 0.04) * 1e-3 + looks * 0.05e-3, rel=0.01)


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
    present = mean_interval(there.reshape(40, -1).mean(axis=1), 0.99)
    stay_s = (history["done_s"] - history["sent_s"]).sum()
    assert present.low < stay_s / 10 < present.high
