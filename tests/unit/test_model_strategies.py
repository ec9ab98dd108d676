"""What the strategies are good for in the model, and what each of them is about."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest

from reports.audit import audit
from scenarios.arrivals import generate
from scenarios.history import Outcome
from scenarios.record import Record
from simulator.defaults import Settings
from simulator.model import simulate_strategy
from simulator.profile import Profile
from simulator.strategies import STRATEGIES
from tests.unit.profiles import CONTROLS, INEXACT, QUEUED, a_rush, run, small_machine

SAFE = [name for name in STRATEGIES if name not in CONTROLS]


def sold(record: Record) -> dict[str, int]:
    units = dict.fromkeys((row.sku for row in record.books.stock), 0)
    for order in record.books.orders:
        for line in order.lines:
            units[line.sku] += line.quantity
    return units


@pytest.mark.parametrize("strategy", SAFE)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_safe_strategy_sells_every_unit_once_whatever_the_seed(strategy: str, workers: int) -> None:
    scenario = a_rush()
    for seed in range(6):
        record = run(strategy, scenario, seed=seed, workers=workers)

        assert not audit(record, scenario, exact=strategy not in INEXACT).violations
        if strategy not in INEXACT:
            assert sold(record) == {"shoe-270": 25, "shoe-280": 15}


@pytest.mark.parametrize("strategy", CONTROLS)
def test_a_control_oversells(strategy: str) -> None:
    assert any(sum(sold(run(strategy, seed=seed, pool_size=10)).values()) > 40 for seed in range(12))


def test_the_counter_of_the_control_does_not_show_what_it_oversold() -> None:
    record = run("no_lock")

    assert sum(sold(record).values()) > 40
    assert [row.available for row in record.books.stock] == [0, 0]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_has_more_than_the_limit_whatever_the_strategy(strategy: str) -> None:
    one_each = {"id": "shoe", "name": "Shoe", "price_won": 1_000, "limit": 1}
    scenario = a_rush(
        products=[one_each | {"sizes": [{"size": "270", "units": 100}]}],
        shoppers={"population": 60},
        cart={"lines": [1.0]},
        arrivals={"shape": "constant", "per_s": 1_000, "duration_s": 0.2},
    )
    record = run(strategy, scenario)

    units = Counter(order.shopper for order in record.books.orders)
    assert set(units.values()) == {1}
    refused = record.history.filter(pl.col("outcome") == Outcome.REFUSED)
    assert set(refused["code"]) == {"limit_reached"}
    assert strategy in CONTROLS or not audit(record, scenario, exact=strategy not in INEXACT).violations


@pytest.mark.parametrize("strategy", QUEUED)
def test_a_queued_order_is_acknowledged_first_and_decided_later(strategy: str) -> None:
    record = run(strategy)

    bought = record.history.filter(pl.col("outcome") == Outcome.BOUGHT)
    assert (bought["sent_s"] < bought["acknowledged_s"]).all()
    assert (bought["acknowledged_s"] < bought["done_s"]).all()
    assert record.books.intake == ()
    assert {row.key for row in record.books.decisions if row.status == 201} == set(bought["key"])


def test_orders_that_wait_for_one_sku_go_in_one_message() -> None:
    hot = a_rush(
        products=[{"id": "s", "name": "S", "price_won": 1, "sizes": [{"size": "1", "units": 10_000}]}],
        cart={"lines": [1.0]},
    )
    together, each_alone = (
        simulate_strategy(
            hot,
            STRATEGIES["conditional_update"],
            small_machine(),
            arrivals=generate(hot, 1),
            replication=0,
            settings=Settings(pipeline=pipeline),
        )
        .books.orders[-1]
        .placed_s
        for pipeline in (64, 1)
    )

    assert together < 0.9 * each_alone


def test_the_last_units_in_two_buckets_are_no_pair() -> None:
    pairs = a_rush(
        products=[{"id": "s", "name": "S", "price_won": 1, "sizes": [{"size": "1", "units": 24}]}],
        cart={"lines": [1.0], "quantity": 2},
    )
    record = run("bucketed_stock", pairs)

    assert [row.available for row in record.books.stock] == [8]  # three in each bucket, of which one is left
    assert not audit(record, pairs, exact=False).violations


def test_a_fence_keeps_out_whoever_outlived_the_lease() -> None:
    brief = Settings(lease_s=0.0005)
    sold_by = {
        name: sum(
            len(order.lines)
            for order in simulate_strategy(
                a_rush(),
                STRATEGIES[name],
                small_machine(),
                arrivals=generate(a_rush(), 1),
                replication=0,
                settings=brief,
            ).books.orders
        )
        for name in ("redis_lock", "redis_fenced_lock")
    }

    assert sold_by["redis_lock"] > 40
    assert sold_by["redis_fenced_lock"] == 40


def test_who_waits_too_long_for_a_lease_is_told_of_a_conflict() -> None:
    history = simulate_strategy(
        a_rush(),
        STRATEGIES["redis_fenced_lock"],
        small_machine(),
        arrivals=generate(a_rush(), 1),
        replication=0,
        settings=Settings(lock_timeout_s=0.02),
    ).history

    assert (history["outcome"] == Outcome.CONFLICT).any()


def test_a_sum_over_a_ledger_takes_longer_the_more_was_sold() -> None:
    profile = small_machine(speed_spread=0, unevenness=0).model_dump()
    stages = profile["strategies"]["reservation_ledger"]["order"]["stages"]
    stages["reserve"]["entry_ms"] = 0.01
    steady = a_rush(
        arrivals={"shape": "constant", "per_s": 50, "duration_s": 4},
        products=[{"id": "s", "name": "S", "price_won": 1, "sizes": [{"size": "1", "units": 10_000}]}],
        cart={"lines": [1.0]},
    )

    bought = run("reservation_ledger", steady, Profile.model_validate(profile)).history.sort("sent_s")

    reserving = bought["spans"].list.eval(
        pl.element().filter(pl.element().struct.field("name") == "reserve").struct.field("ms")
    )
    ms = reserving.list.first().to_numpy()
    assert np.median(ms[-20:]) - np.median(ms[:20]) == pytest.approx(0.01 * (len(ms) - 20), rel=0.2)


def test_optimistic_orders_try_again_and_some_give_up() -> None:
    hot = a_rush(
        products=[
            {"id": "s", "name": "S", "price_won": 1, "sizes": [{"size": "1", "units": 10_000}]},
        ],
        cart={"lines": [1.0]},
        shoppers={"retry": {"attempts": 1}},
        arrivals={"shape": "constant", "per_s": 2_500, "duration_s": 0.4},
    )
    history = run("optimistic_lock", hot, pool_size=20).history

    tries = history["spans"].list.eval(pl.element().struct.field("name") == "place_order").list.sum()
    gave_up = history["outcome"] == Outcome.CONFLICT
    assert (tries.filter(~gave_up) > 1).any()
    assert tries.filter(gave_up).unique().to_list() == [Settings().tries]
