"""Summaries of runs by the compiled engine: the figures that reports find in the records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reports.metrics import measure
from scenarios.arrivals import generate
from scenarios.history import Outcome
from scenarios.scenario import Scenario
from simulator.compiled import play
from simulator.defaults import Settings
from simulator.foresee import Foreseen, foresee
from simulator.profile import ProfileError
from simulator.strategies import STRATEGIES
from tests.unit.profiles import a_rush, small_machine

HASTY = a_rush(shoppers={"patience_s": 0.1, "retry": {"attempts": 3}, "bots": {"share": 0.2}})


@pytest.mark.parametrize("strategy", ["no_lock", "optimistic_lock", "redis_queue"])
@pytest.mark.parametrize("scenario", [a_rush(), HASTY])
def test_a_summary_has_the_figures_of_the_record(strategy: str, scenario: Scenario) -> None:
    run = play(
        scenario,
        STRATEGIES[strategy],
        small_machine(),
        arrivals=generate(scenario, 1),
        replication=0,
        settings=Settings(),
    )

    summary, metrics = run.summary(), measure(run.record())

    assert summary.attempts == sum(summary.outcomes.values())
    assert summary.outcomes == metrics.outcomes
    assert summary.peak_in_system == metrics.peak_in_system
    assert summary.orders_per_s == pytest.approx(metrics.orders_per_s)
    assert summary.retries == metrics.retries_by.shoppers
    assert (sum(summary.sold.values()), summary.oversold) == (metrics.units.sold, metrics.units.oversold)
    assert summary.order_ms is not None
    assert summary.order_ms._asdict() == pytest.approx(metrics.latency_ms["order"].model_dump())
    for outcome, latency in summary.latency_ms.items():
        assert latency._asdict() == pytest.approx(metrics.latency_ms[outcome].model_dump())


def test_every_replication_of_every_strategy_is_foreseen_once() -> None:
    found = list(
        foresee(
            a_rush(), ["no_lock", "redis_hold"], small_machine(), seed=1, replications=4, settings=Settings()
        )
    )

    assert sorted((one.strategy, one.replication) for one in found) == [
        (name, number) for name in ("no_lock", "redis_hold") for number in range(4)
    ]
    assert len({one.summary.latency_ms[Outcome.SOLD_OUT].max for one in found}) == len(found)


def test_a_crowd_that_is_foreseen_after_another_is_foreseen_as_if_it_were_the_first() -> None:
    def foreseen(scenario: Scenario, seed: int) -> list[Foreseen]:
        strategies, settings = ["no_lock", "redis_hold"], Settings()
        runs = foresee(scenario, strategies, small_machine(), seed=seed, replications=2, settings=settings)
        return sorted(runs)

    first = foreseen(HASTY, 1)
    others = [foreseen(HASTY, 2), foreseen(a_rush(), 1)]

    assert first not in others
    assert foreseen(HASTY, 1) == first


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_run_in_the_memory_of_another_is_that_of_new_memory(strategy: str) -> None:
    runs: dict[str, Any] = {
        "scenario": HASTY,
        "profile": small_machine(),
        "replication": 0,
        "settings": Settings(),
    }
    before = play(
        **{**runs, "scenario": a_rush()},
        strategy=STRATEGIES["redis_queue"],
        arrivals=generate(a_rush(), 2),
        paces=np.array([2.0, 0.5]),
    )
    arrivals = generate(HASTY, 1)
    expected = play(**runs, strategy=STRATEGIES[strategy], arrivals=arrivals).record()

    found = play(**runs, strategy=STRATEGIES[strategy], arrivals=arrivals, after=before).record()

    assert found.history.equals(expected.history)
    assert (found.books, found.conditions) == (expected.books, expected.conditions)


def test_a_strategy_without_demands_is_refused_before_anything_runs() -> None:
    profile = small_machine()
    only = profile.model_copy(update={"strategies": {"no_lock": profile.demands("no_lock")}})

    with pytest.raises(ProfileError, match="redis_hold"):
        foresee(a_rush(), ["redis_hold"], only, seed=1, replications=1, settings=Settings())
