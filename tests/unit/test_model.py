"""The model as a whole: what its shoppers meet, and the record that it leaves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from reports.audit import audit
from scenarios.arrivals import generate
from scenarios.history import SCHEMA, Outcome
from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.defaults import Settings
from simulator.model import simulate, simulate_strategy
from simulator.profile import Profile, ProfileError
from simulator.strategies import STRATEGIES
from system.settings import Settings as SystemSettings
from system.stock.strategies import STRATEGIES as SYSTEM_STRATEGIES
from tests.unit.profiles import small_machine

CONTROLS = ("no_lock", "check_then_decrement", "redis_lock")
SAFE = [name for name in STRATEGIES if name not in CONTROLS]
QUEUED = [name for name, strategy in STRATEGIES.items() if strategy.consumer]
INEXACT = ("unit_rows", "bucketed_stock")  # they may leave units of which they said that they are sold out

IMPATIENT = {"patience_s": 0.015}


def a_rush(**changes: object) -> Scenario:
    """Some 500 shoppers within a fifth of a second, with bots and mixed carts, for 40 pairs in two sizes."""
    sizes = [{"size": "270", "units": 25, "popularity": 3}, {"size": "280", "units": 15}]
    document = {
        "name": "a_rush",
        "summary": "A rush.",
        "arrivals": {"shape": "constant", "per_s": 2_500, "duration_s": 0.2},
        "products": [{"id": "shoe", "name": "Shoe", "price_won": 1_000, "sizes": sizes}],
        "cart": {"lines": [0.8, 0.2]},
        "shoppers": {"bots": {"share": 0.2}},
    }
    return Scenario.model_validate(document | changes)


def run(
    strategy: str,
    scenario: Scenario | None = None,
    profile: Profile | None = None,
    *,
    seed: int = 1,
    replication: int = 0,
    workers: int = 1,
    pool_size: int = 5,
) -> Record:
    return simulate(
        scenario or a_rush(),
        strategy,
        profile or small_machine(),
        seed=seed,
        replication=replication,
        workers=workers,
        pool_size=pool_size,
    )


def sold(record: Record) -> dict[str, int]:
    units = dict.fromkeys((row.sku for row in record.books.stock), 0)
    for order in record.books.orders:
        for line in order.lines:
            units[line.sku] += line.quantity
    return units


def latency_s(attempts: pl.DataFrame) -> NDArray[np.float64]:
    return (attempts["done_s"] - attempts["sent_s"]).to_numpy()


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


def test_who_loses_patience_with_a_queue_knows_of_the_order_that_it_is_queued() -> None:
    record = run("single_writer", a_rush(shoppers={"patience_s": 0.02, "retry": {"attempts": 1}}))

    queued = record.history.filter(pl.col("outcome") == Outcome.QUEUED)
    assert len(queued) > 0
    assert set(queued["status"]) == {202}
    assert latency_s(queued) == pytest.approx(0.02)
    assert queued["acknowledged_s"].null_count() == 0


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
    brief = Settings(lease_s=0.001)
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


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_order_that_meets_nobody_has_the_spans_of_its_strategy(strategy: str) -> None:
    alone = a_rush(arrivals={"shape": "constant", "per_s": 2, "duration_s": 1}, shoppers={})
    record = run(strategy, alone)

    bought = record.history.filter(pl.col("outcome") == Outcome.BOUGHT)
    names = bought["spans"].list.eval(pl.element().struct.field("name"))
    assert names.to_list() == [STRATEGIES[strategy].spans] * len(bought)
    assert len(bought) > 0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_spans_of_an_order_take_no_longer_than_the_order(strategy: str) -> None:
    history = run(strategy).history.filter(pl.col("status") > 0)

    spans_ms = history["spans"].list.eval(pl.element().struct.field("ms")).list.sum()
    assert (spans_ms.to_numpy() <= latency_s(history) * 1e3 + 1e-9).all()


def test_the_same_arguments_give_the_same_record() -> None:
    one, other = run("optimistic_lock"), run("optimistic_lock")

    assert one.history.equals(other.history)
    assert one.books == other.books
    assert one.conditions == other.conditions


def test_a_replication_meets_the_same_crowd_at_another_speed() -> None:
    one, other = run("pessimistic_lock"), run("pessimistic_lock", replication=1)

    first = pl.col("attempt") == 0
    of_crowd = ["arrival", "intended_s"]
    crowds = [
        record.history.filter(first).unique("arrival", keep="first").sort("arrival")[of_crowd]
        for record in (one, other)
    ]
    assert crowds[0].equals(crowds[1])
    assert not one.history["done_s"].equals(other.history["done_s"])


def test_the_history_is_one_of_a_load_test_in_everything_but_its_source() -> None:
    record = run("redis_hold")

    assert record.history.schema == SCHEMA
    assert (record.history["sent_s"] == record.history["intended_s"]).all()
    generator = record.conditions.generator
    assert generator.offered == generator.sent == len(generate(a_rush(), 1))
    assert (record.conditions.workers, record.conditions.pool_size) == (1, 5)


def test_most_of_the_crowd_hears_sold_out_from_the_board() -> None:
    record = run(
        "conditional_update", a_rush(arrivals={"shape": "constant", "per_s": 2_500, "duration_s": 1})
    )

    refused = record.history.filter(pl.col("outcome") == Outcome.SOLD_OUT)
    by_board = refused.filter(pl.col("spans").list.first().struct.field("name") == "board")
    assert len(by_board) > 0.5 * len(refused)


def test_the_system_finishes_what_its_shopper_no_longer_waits_for() -> None:
    record = run("pessimistic_lock", a_rush(shoppers=IMPATIENT | {"retry": {"attempts": 1}}))

    unknown = record.history.filter(pl.col("outcome") == Outcome.UNKNOWN)
    assert latency_s(unknown) == pytest.approx(IMPATIENT["patience_s"])
    assert unknown["code"].unique().to_list() == ["timeout"]
    placed = {order.key for order in record.books.orders}
    assert placed & set(unknown["key"])


def test_who_asks_again_with_the_same_key_is_given_the_same_order() -> None:
    scenario = a_rush(shoppers=IMPATIENT | {"retry": {"attempts": 5, "backoff_s": 0.1}})
    record = run("pessimistic_lock", scenario)

    replayed = record.history.filter(pl.col("replayed"))
    assert len(replayed) > 0
    assert not audit(record, scenario).violations


def test_an_order_beyond_the_wallet_is_rejected_and_leaves_no_trace() -> None:
    record = run("pessimistic_lock", a_rush(shoppers={"balance_won": 999}))

    assert set(record.history["outcome"]) == {Outcome.REJECTED}
    assert set(record.history["code"]) == {"insufficient_funds"}
    assert [row.available for row in record.books.stock] == [25, 15]
    assert {wallet.balance_won for wallet in record.books.wallets} == {999}


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


def test_who_waits_for_a_connection_for_too_long_is_turned_away() -> None:
    slow = small_machine(speed_spread=0).model_dump()
    demands = slow["strategies"]["no_lock"]
    demands["order"]["stages"]["place_order"]["flush_ms"] = 1_000
    demands["refusal"] = demands["order"]
    patient = a_rush(shoppers={"patience_s": 1_000, "retry": {"attempts": 1}})
    profile = Profile.model_validate(slow)

    history = run("no_lock", patient, profile, pool_size=1).history

    overloaded = history.filter(pl.col("code") == "overloaded")
    assert len(overloaded) > 0
    assert set(overloaded["status"]) == {503}
    assert latency_s(overloaded).min() > Settings().pool_timeout_s


def test_pages_are_read_before_an_order() -> None:
    steady = a_rush(
        journey=["browse", "order"], arrivals={"shape": "constant", "per_s": 50, "duration_s": 0.4}
    )
    history = run("no_lock", steady).history

    people = history.filter(~pl.col("bot"))
    first = people.sort("sent_s").unique("arrival", keep="first")
    assert set(first["operation"]) == {"browse"}
    assert set(first["outcome"]) == {Outcome.BROWSED}


def test_a_crowd_outside_does_not_keep_those_inside_waiting() -> None:
    """The event loop lets one new connection in each round, so orders under way go on."""
    rush = a_rush(arrivals={"shape": "constant", "per_s": 20_000, "duration_s": 0.1}, shoppers={})
    bought = run("optimistic_lock", rush).history.filter(pl.col("outcome") == Outcome.BOUGHT)

    placing_ms = bought["spans"].list.last().struct.field("ms").to_numpy()
    assert np.median(placing_ms) < latency_s(bought).max() * 1e3 / 5


def test_twice_the_workers_on_twice_the_cores_take_orders_of_two_sizes_faster() -> None:
    scenario = a_rush(cart={"lines": [1.0]}, shoppers={})
    one = run("conditional_update", scenario, small_machine(speed_spread=0))
    two = run("conditional_update", scenario, small_machine(speed_spread=0, system_cores=2), workers=2)

    assert two.books.orders[-1].placed_s < 0.8 * one.books.orders[-1].placed_s


def test_a_strategy_that_the_profile_does_not_know_is_refused_by_name() -> None:
    profile = small_machine()
    only = profile.model_copy(update={"strategies": {"no_lock": profile.demands("no_lock")}})

    with pytest.raises(ProfileError, match=r"'redis_hold', only no_lock; calibrate again"):
        run("redis_hold", profile=only)
    with pytest.raises(ValueError, match=r"'redis_hodl'.* did you mean 'redis_hold'"):
        run("redis_hodl")


def test_a_profile_of_a_system_that_had_other_stages_is_refused() -> None:
    older = small_machine().model_dump()
    del older["strategies"]["unit_rows"]["order"]["stages"]["lock_row"]
    del older["strategies"]["micro_batch"]["once"]["batch"]
    profile = Profile.model_validate(older)

    with pytest.raises(ProfileError, match=r"knows nothing of lock_row of 'unit_rows'.*; calibrate again"):
        run("unit_rows", profile=profile)
    with pytest.raises(ProfileError, match="knows nothing of batch of 'micro_batch'"):
        run("micro_batch", profile=profile)


def test_the_model_and_the_system_have_the_same_defaults() -> None:
    secret = "x" * 32
    system = SystemSettings.model_validate(
        {"database_url": "postgresql://", "redis_url": "redis://", "jwt_secret": secret, "admin_key": secret}
    )

    assert Settings() == Settings(
        workers=system.workers,
        pool_size=system.pool_size,
        pool_timeout_s=system.pool_timeout_s,
        lock_timeout_s=system.lock_timeout_ms / 1e3,
        tries=system.tries,
        backoff_s=system.backoff_ms / 1e3,
        pipeline=system.pipeline,
        buckets=system.buckets,
        lease_s=system.lease_ms / 1e3,
        batch_window_s=system.batch_window_ms / 1e3,
        board_interval_s=system.board_interval_ms / 1e3,
    )


def test_the_model_has_the_strategies_of_the_system_and_calls_the_same_ones_unsafe_and_queued() -> None:
    assert list(STRATEGIES) == list(SYSTEM_STRATEGIES)
    assert tuple(name for name, one in SYSTEM_STRATEGIES.items() if not one.safe) == CONTROLS
    assert tuple(name for name, one in SYSTEM_STRATEGIES.items() if not one.exact) == INEXACT
    assert [name for name, one in SYSTEM_STRATEGIES.items() if one.ack == "queued"] == QUEUED
