"""The compiled engine against the SimPy model: the same attempts, books and samples in every run."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scenarios.arrivals import Arrivals, chance, generate
from scenarios.history import Outcome
from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.compiled.chances import standard_normal
from simulator.defaults import Settings
from simulator.engine import Engine
from simulator.model import simulate_strategy
from simulator.profile import Profile
from simulator.strata import CENTRE, Stratum
from simulator.strategies import STRATEGIES
from tests.unit.profiles import QUEUED, a_rush, moody_machine

# What SimPy's samples lose to rounding: each is a difference of sums over the whole run.
_ROUNDING = 1e-8

HARD_TIMES = {
    "patience_s": 0.06,
    "balance_won": 2_500,
    "population": 200,
    "retry": {"attempts": 4, "backoff_s": 0.01},
    "bots": {"share": 0.3},
}
SCARCE = Settings(
    workers=2,
    pool_size=2,
    pool_timeout_s=0.01,
    lock_timeout_s=0.01,
    tries=3,
    lease_s=0.002,
    buckets=3,
    pipeline=4,
    board_interval_s=0.03,
)


def both(
    scenario: Scenario,
    strategy: str,
    *,
    settings: Settings | None = None,
    profile: Profile | None = None,
    arrivals: Arrivals | None = None,
    replication: int = 0,
    stratum: Stratum = CENTRE,
) -> tuple[Record, Record]:
    """The records of a run by SimPy and by the compiled engine."""
    by_simpy, by_compiled = (
        simulate_strategy(
            scenario,
            STRATEGIES[strategy],
            profile or moody_machine(),
            arrivals=generate(scenario, 1) if arrivals is None else arrivals,
            replication=replication,
            stratum=stratum,
            settings=settings or Settings(),
            engine=engine,
        )
        for engine in (Engine.SIMPY, Engine.COMPILED)
    )
    return by_simpy, by_compiled


def assert_equal(one: Record, other: Record) -> None:
    assert_frame_equal(one.history, other.history, check_exact=True)
    assert one.books == other.books
    assert one.conditions.model_copy(update={"samples": ()}) == other.conditions.model_copy(
        update={"samples": ()}
    )
    assert busy_cores(other) == pytest.approx(busy_cores(one), abs=_ROUNDING)


def busy_cores(record: Record) -> np.ndarray:
    samples = record.conditions.samples
    return np.array([[s.at_s, s.worker, s.consumer, s.database, s.redis] for s in samples])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_rush_goes_the_same_way(strategy: str) -> None:
    assert_equal(*both(a_rush(), strategy))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_hard_times_go_the_same_way(strategy: str) -> None:
    shoe = {"id": "shoe", "name": "Shoe", "price_won": 1_000, "limit": 2}
    sizes = [{"size": "280", "units": 9}, {"size": "270", "units": 15, "popularity": 3}]
    scenario = a_rush(
        products=[shoe | {"sizes": sizes}], shoppers=HARD_TIMES, journey=["browse", "order", "order"]
    )

    by_simpy, by_compiled = both(
        scenario, strategy, settings=SCARCE, replication=3, stratum=Stratum(pace=0.9, moment=0.1)
    )

    assert_equal(by_simpy, by_compiled)
    assert {Outcome.BROWSED, Outcome.BOUGHT, Outcome.UNKNOWN} <= set(by_simpy.history["outcome"])


@pytest.mark.parametrize("strategy", QUEUED)
def test_who_asks_again_while_the_last_decision_is_being_told_goes_the_same_way(strategy: str) -> None:
    hasty = a_rush(shoppers={"patience_s": 0.004, "retry": {"attempts": 5, "backoff_s": 0.005}})

    for seed in range(4):
        assert_equal(*both(hasty, strategy, arrivals=generate(hasty, seed)))


@pytest.mark.parametrize("strategy", ["reservation_ledger", "redis_hold"])
def test_who_asks_again_while_units_are_held_for_them_goes_the_same_way(strategy: str) -> None:
    slow = moody_machine().model_dump()
    slow["strategies"][strategy]["order"]["stages"]["place_order"]["flush_ms"] = 300
    hasty = a_rush(
        arrivals={"shape": "constant", "per_s": 5, "duration_s": 2},
        shoppers={"patience_s": 0.2, "retry": {"attempts": 3, "backoff_s": 0.001}},
    )

    by_simpy, by_compiled = both(hasty, strategy, profile=Profile.model_validate(slow))

    assert_equal(by_simpy, by_compiled)
    refused = by_simpy.history.filter(pl.col("code") == "key_in_progress")
    assert len(refused) > 0
    assert "place_order" not in set(refused["spans"].explode().struct.field("name"))


def test_a_crowd_that_outgrows_the_first_tables_goes_the_same_way() -> None:
    crowd = a_rush(
        arrivals={"shape": "constant", "per_s": 400_000, "duration_s": 0.03},
        shoppers={"patience_s": 0.2, "retry": {"attempts": 2, "backoff_s": 0.1}},
    )

    by_simpy, by_compiled = both(crowd, "conditional_update")

    assert len(by_simpy.history) > 20_000
    assert_equal(by_simpy, by_compiled)


@pytest.mark.parametrize("strategy", ["no_lock", *QUEUED])
@pytest.mark.parametrize("first", [0, 1])
def test_nobody_or_one_shopper_alone_goes_the_same_way(strategy: str, first: int) -> None:
    whole = generate(a_rush(), 1)
    few = replace(
        whole,
        at_s=whole.at_s[:first],
        shopper=whole.shopper[:first],
        bot=whole.bot[:first],
        cart_start=whole.cart_start[: first + 1],
        line_sku=whole.line_sku[: whole.cart_start[first]],
        line_quantity=whole.line_quantity[: whole.cart_start[first]],
    )

    by_simpy, by_compiled = both(a_rush(), strategy, arrivals=few)

    assert len(by_compiled.history) == first
    assert_equal(by_simpy, by_compiled)


def test_the_quantiles_are_those_of_the_standard_library_bit_by_bit() -> None:
    numbers = [chance(1, n) for n in range(5_000)] + [10.0**-n for n in range(1, 300, 7)]

    normal = standard_normal.py_func  # type: ignore[attr-defined]
    assert [normal(p) for p in numbers] == [NormalDist().inv_cdf(p) for p in numbers]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    limit = draw(st.sampled_from([None, None, 1, 3]))
    product: dict[str, Any] = {"id": "shoe", "name": "Shoe", "price_won": 1_000, "limit": limit}
    units = draw(st.lists(st.sampled_from([1, 3, 8, 25, 200]), min_size=2, max_size=4))
    sizes = [
        {"size": str(290 - 10 * n), "units": count, "popularity": 1 + n % 3} for n, count in enumerate(units)
    ]
    return a_rush(
        products=[product | {"sizes": sizes}],
        arrivals={
            "shape": "constant",
            "per_s": draw(st.sampled_from([300, 2_500, 6_000])),
            "duration_s": draw(st.sampled_from([0.02, 0.1])),
        },
        cart={"lines": draw(st.sampled_from([[1.0], [0.5, 0.5]])), "quantity": 1},
        shoppers={
            "patience_s": draw(st.sampled_from([0.004, 0.02, 0.3, 10])),
            "balance_won": draw(st.sampled_from([500, 2_000, 1_000_000])),
            "population": draw(st.sampled_from([None, 5, 60])),
            "retry": {
                "attempts": draw(st.integers(1, 5)),
                "backoff_s": draw(st.sampled_from([0, 0.005, 0.05])),
                "jitter": draw(st.sampled_from([0, 0.5])),
            },
            "bots": {"share": draw(st.sampled_from([0, 0.5])), "sizes_tried": draw(st.integers(1, 4))},
        },
        journey=draw(st.sampled_from([["order"], ["browse", "order"], ["order", "order"]])),
    )


any_settings = st.builds(
    Settings,
    workers=st.integers(1, 3),
    pool_size=st.sampled_from([1, 2, 5]),
    pool_timeout_s=st.sampled_from([0.01, 30]),
    lock_timeout_s=st.sampled_from([0.005, 0.02, 5]),
    tries=st.sampled_from([1, 3, 10]),
    backoff_s=st.sampled_from([0, 0.001, 0.005]),
    pipeline=st.sampled_from([1, 2, 64]),
    buckets=st.sampled_from([1, 3, 8]),
    lease_s=st.sampled_from([0.0005, 0.003, 1]),
    batch_window_s=st.sampled_from([0, 0.0002, 0.005]),
    board_interval_s=st.sampled_from([0.01, 0.1]),
)
machines = st.builds(moody_machine, system_cores=st.integers(1, 3), unevenness=st.sampled_from([0, 0.1, 0.5]))


@given(scenarios(), st.sampled_from(list(STRATEGIES)), any_settings, machines, st.integers(0, 2**64 - 1))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_drawn_goes_the_same_way(
    scenario: Scenario, strategy: str, settings: Settings, machine: Profile, seed: int
) -> None:
    arrivals = generate(scenario, seed)

    assert_equal(*both(scenario, strategy, settings=settings, profile=machine, arrivals=arrivals))
