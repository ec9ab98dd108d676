"""The model as a whole: what its shoppers meet, and the record that it leaves."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from reports.audit import audit
from scenarios.arrivals import generate
from scenarios.history import SCHEMA, Outcome
from scenarios.scenario import Scenario
from simulator.defaults import Settings
from simulator.profile import Profile, ProfileError
from simulator.strata import CENTRE
from simulator.strategies import STRATEGIES
from tests.unit.profiles import a_rush, one_sku, run, small_machine

IMPATIENT = {"patience_s": 0.015}


def latency_s(attempts: pl.DataFrame) -> NDArray[np.float64]:
    return (attempts["done_s"] - attempts["sent_s"]).to_numpy()


def test_who_loses_patience_with_a_queue_knows_of_the_order_that_it_is_queued() -> None:
    record = run("single_writer", a_rush(shoppers={"patience_s": 0.02, "retry": {"attempts": 1}}))

    queued = record.history.filter(pl.col("outcome") == Outcome.QUEUED)
    assert len(queued) > 0
    assert set(queued["status"]) == {202}
    assert latency_s(queued) == pytest.approx(0.02)
    assert queued["acknowledged_s"].null_count() == 0


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


def test_a_stratum_is_how_fast_the_machine_is() -> None:
    slow, fast = (run("pessimistic_lock", stratum=CENTRE._replace(pace=pace)) for pace in (0.1, 0.9))

    assert slow.conditions.machine_speed < small_machine().speed < fast.conditions.machine_speed
    assert run("pessimistic_lock").conditions.machine_speed == small_machine().speed
    assert slow.history["done_s"].max() > fast.history["done_s"].max()  # type: ignore[operator]


def test_a_replication_meets_the_same_crowd_with_other_work() -> None:
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
    misfits = {"peak_in_system": 0.2}
    record = run("redis_hold", profile=small_machine(generator={"tick_ms": 1.0}, misfits=misfits))

    assert record.history.schema == SCHEMA
    lateness_s = record.history["sent_s"] - record.history["intended_s"]
    assert lateness_s.is_between(0, 0.001).all()
    generator = record.conditions.generator
    assert generator.offered == generator.sent == len(generate(a_rush(), 1))
    assert (record.conditions.workers, record.conditions.pool_size) == (1, 5)
    assert record.conditions.misfits == misfits


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


@pytest.mark.parametrize("strategy", ["redis_hold", "redis_queue"])
def test_who_asks_again_for_what_is_sold_to_them_takes_no_hold(strategy: str) -> None:
    plenty = one_sku(1_000, 2_500, 0.1).model_dump(mode="json")
    shoppers = IMPATIENT | {"retry": {"attempts": 5, "backoff_s": 0.1}}
    record = run(strategy, Scenario.model_validate(plenty | {"shoppers": shoppers}))

    replayed = record.history.filter(pl.col("replayed"))
    names = replayed["spans"].list.eval(pl.element().struct.field("name")).to_list()
    assert len(names) > 0
    assert all(spans == ["redis_hold", "kept_answer"] for spans in names)


def test_an_order_beyond_the_wallet_is_rejected_and_leaves_no_trace() -> None:
    record = run("pessimistic_lock", a_rush(shoppers={"balance_won": 999}))

    assert set(record.history["outcome"]) == {Outcome.REJECTED}
    assert set(record.history["code"]) == {"insufficient_funds"}
    assert [row.available for row in record.books.stock] == [25, 15]
    assert set(record.books.wallets.balance_won) == {999}


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
