"""The figures of a run: counts, units, latency, throughput, what bound it, and their means over runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.bottleneck import NOTHING, UNKNOWN
from reports.metrics import aggregate, coverage, interval, measure
from reports.shapes import Utilisation, leaves
from reports.stretch import Stretch
from scenarios import history
from scenarios.conditions import Sample, WaitSample
from scenarios.history import Attempt, Outcome
from scenarios.record import Record
from tests.unit.shop_runs import Request, conditions, play, queued, rush, with_attempts, with_row


def test_counts_of_a_run_are_those_of_its_history_and_conditions() -> None:
    figures = measure(play(rush()))
    assert (figures.offered, figures.sent, figures.dropped) == (10, 10, 0)
    assert figures.outcomes == {
        "bought": 4,
        "queued": 0,
        "sold_out": 4,
        "refused": 0,
        "conflict": 1,
        "rejected": 1,
        "unknown": 2,
        "browsed": 0,
    }


def test_a_journey_is_completed_when_its_last_attempt_was_answered() -> None:
    figures = measure(play(rush()))
    assert figures.completed == 9  # 2 heard nothing at first but did in the end; 8 never did


def test_units_are_counted_in_the_orders_of_the_books() -> None:
    units = measure(play(rush())).units
    assert units.model_dump() == {"stock": 5, "sold": 5, "oversold": 0, "undersold": 0, "false_sold_out": 0}


def test_a_counter_that_ends_at_zero_does_not_hide_units_sold_twice() -> None:
    run = with_row(play(rush()), "stock", 0, initial=1, available=0)
    assert measure(run).units.oversold == 2


def test_units_oversold_of_one_size_are_not_offset_by_units_left_of_another() -> None:
    run = with_row(with_row(play(rush()), "stock", 0, initial=1), "stock", 1, initial=9)
    assert measure(run).units.oversold == 2


def test_units_left_that_a_refused_shopper_wanted_are_undersold() -> None:
    run = with_row(play(rush()), "stock", 1, initial=3, available=1, redis_available=1)
    assert measure(run).units.undersold == 1  # 5 wanted the one that is left


def test_units_left_that_nobody_was_refused_are_not_undersold() -> None:
    run = play([Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2)])
    assert measure(run).units.undersold == 0


def test_a_refused_cart_whose_other_line_was_short_undersells_nothing() -> None:
    wants_both = Request(1, {"shoe-270": 1, "shoe-280": 5}, 0.0, 0.1, 0.2)
    assert measure(play([wants_both])).units.undersold == 0


def sold_out(shopper: int, lines: dict[str, int], at_s: float, order_number: int = 0) -> Request:
    refused = Request(shopper, lines, at_s, at_s, at_s + 0.01, turned_away=Outcome.SOLD_OUT)
    return replace(refused, order_number=order_number)


def bought(shopper: int, lines: dict[str, int], at_s: float) -> Request:
    return Request(shopper, lines, at_s, at_s + 0.01, at_s + 0.02)


ONE, TWO = {"shoe-280": 1}, {"shoe-280": 2}
BOTH = {"shoe-270": 1, "shoe-280": 1}


@pytest.mark.parametrize(
    ("what", "requests", "false"),
    [
        ("the units went to someone who asked later", [sold_out(1, TWO, 0.0), bought(2, TWO, 0.1)], 1),
        (
            "everybody of several was told so",
            [*(sold_out(n, TWO, 0.0) for n in (1, 2)), bought(3, TWO, 0.1)],
            2,
        ),
        ("the units were left at the end", [sold_out(1, TWO, 0.0)], 1),
        ("one was left, which is too few", [bought(2, ONE, 0.0), sold_out(1, TWO, 0.1)], 0),
        (
            "two were sold later, but one by one",
            [sold_out(1, TWO, 0.0), bought(2, ONE, 0.1), bought(3, ONE, 0.2)],
            0,
        ),
        ("the units went to someone who had asked before", [bought(2, TWO, 0.0), sold_out(1, TWO, 0.005)], 0),
        ("the other line of the cart was gone", [bought(2, TWO, 0.0), sold_out(1, BOTH, 0.1)], 0),
        ("both lines could be had", [sold_out(1, BOTH, 0.0), bought(2, TWO, 0.1)], 1),
        ("a bot was told so twice", [sold_out(1, TWO, 0.0), sold_out(1, TWO, 0.1, order_number=1)], 2),
    ],
)
def test_sold_out_was_false_if_the_cart_could_still_be_had(
    what: str, requests: list[Request], false: int
) -> None:
    assert measure(play(requests)).units.false_sold_out == false, what


def test_sold_out_before_a_restock_is_not_called_false() -> None:
    run = play([sold_out(1, TWO, 0.0), bought(2, TWO, 0.1)])
    assert measure(with_row(run, "stock", 1, restocked=2, available=2)).units.false_sold_out == 0


def test_latency_counts_from_the_intended_time_and_by_outcome() -> None:
    late = with_attempts(play(rush()), pl.col("shopper") == 0, intended_s=pl.col("sent_s") - 0.1)
    latency = measure(late).latency_ms
    assert latency["bought"].max == pytest.approx(115)
    assert latency["bought"].p50 == pytest.approx(12)  # of 10, 12, 13 and 115
    assert "queued" not in latency
    assert latency["order"].max == pytest.approx(115)


def test_a_queued_order_has_both_latencies_and_is_complete_when_it_is_decided() -> None:
    run = queued(play(rush()))
    figures = measure(run)
    latency = figures.latency_ms
    assert latency["acknowledged"].max == pytest.approx(14)  # 2 and 8 heard nothing for longer
    assert latency["bought"].max == pytest.approx(15)
    assert "acknowledged" not in measure(play(rush())).latency_ms
    waiting = with_attempts(run, pl.col("shopper") == 5, outcome=Outcome.QUEUED.value)
    assert measure(waiting).completed == figures.completed - 1


def test_a_percentile_is_the_latency_of_an_attempt() -> None:
    crowd = [Request(n, {"shoe-270": 1}, 0.0, 0.001, (n + 1) / 1000) for n in range(100)]
    latency = measure(play(crowd, units={"shoe-270": 0, "shoe-280": 0})).latency_ms["sold_out"]
    found = [latency.p50, latency.p95, latency.p99, latency.max]
    assert found == pytest.approx([50, 95, 99, 100])


def test_the_peak_counts_those_sent_and_not_yet_answered() -> None:
    three_at_once = [
        Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.3),
        Request(2, {"shoe-270": 1}, 0.1, 0.2, 0.4),
        Request(3, {"shoe-270": 1}, 0.2, 0.25, 0.3),
        Request(4, {"shoe-270": 1}, 0.3, 0.35, 0.5),  # two leave at the moment it comes
    ]
    assert measure(play(three_at_once)).peak_in_system == 3


def test_retries_are_repeated_keys_and_repeated_tries() -> None:
    three_tries = [{"name": name, "ms": 1.0} for name in ("pool", *["read_stock", "place_order"] * 3)]
    spans = pl.lit(pl.Series([three_tries], dtype=pl.List(history.SPAN)))
    figures = measure(with_attempts(play(rush()), pl.col("shopper") == 3, spans=spans))
    assert (figures.retries_by.shoppers, figures.retries_by.strategy) == (2, 2)
    assert figures.retries == 4


def test_orders_per_second_are_those_of_the_busiest_stretch() -> None:
    lull = [Request(n, {"shoe-270": 1}, n, n + 0.1, n + 0.5) for n in range(5)]
    rush_of_11 = [Request(100 + n, {"shoe-270": 1}, 10.0, 10.1, 10.1 + n / 1000) for n in range(11)]
    figures = measure(play([*lull, *rush_of_11], units={"shoe-270": 100, "shoe-280": 0}))
    assert figures.orders_per_s == pytest.approx(1000)


def test_a_replayed_answer_is_not_a_second_order() -> None:
    twice = [
        Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2),
        Request(1, {"shoe-270": 1}, 0.3, 0.4, 0.5, attempt=1),
    ]
    assert measure(play(twice)).orders_per_s == 0


def test_spans_are_means_over_the_orders_of_the_busiest_stretch() -> None:
    assert measure(play(rush())).spans_ms == {"pool": 1.0, "place_order": 4.0}


@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=2, max_size=60))
def test_the_busiest_stretch_holds_half_of_the_moments_and_none_shorter_does(moments: list[float]) -> None:
    stretch = Stretch.of(np.array(moments))
    half = max(2, -(-len(moments) // 2))
    inside = [moment for moment in moments if stretch.begin_s <= moment <= stretch.end_s]
    assert len(inside) >= half
    ordered = sorted(moments)
    shortest = min(ordered[i + half - 1] - ordered[i] for i in range(len(ordered) - half + 1))
    assert stretch.end_s - stretch.begin_s == pytest.approx(max(shortest, 1e-3))


def busy(
    record: Record, *, workers: int = 1, system_cores: int = 1, shares: bool = False, **cores: float
) -> Record:
    """The record with the CPU of each role as given, all the time."""
    idle = {"worker": 0.0, "consumer": 0.0, "database": 0.0, "redis": 0.0, "generator": 0.0}
    samples = tuple(Sample(at_s=at_s, **(idle | cores)) for at_s in (0.5, 1.0))
    changes = {
        "samples": samples,
        "workers": workers,
        "system_cores": system_cores,
        "generator_shares_cores": shares,
    }
    return replace(record, conditions=record.conditions.model_copy(update=changes))


def waiting(record: Record, **connections: int) -> Record:
    """The record with the database's connections found like this, all the time."""
    nobody = {"active": 0, "lock": 0, "io": 0, "idle": 0}
    waits = tuple(WaitSample(at_s=n / 20, **(nobody | connections)) for n in range(20))
    return replace(record, conditions=record.conditions.model_copy(update={"waits": waits}))


def orders_with(spans: dict[str, list[float]], *, conflicts: int = 0, apart_s: float = 0.0) -> Record:
    """Four orders of 100 ms, and conflicts, that took these times in their spans, one after the other."""
    rows = [
        Attempt(
            arrival=n,
            attempt=0,
            operation="order",
            shopper=n,
            bot=False,
            key=str(n),
            skus=["shoe-270"],
            quantities=[1],
            intended_s=0.1 + n * apart_s,
            sent_s=0.1 + n * apart_s,
            done_s=0.2 + n * apart_s,
            outcome=Outcome.BOUGHT if n < 4 else Outcome.CONFLICT,
            spans=[(name, times[n % len(times)]) for name, times in spans.items()],
        )
        for n in range(4 + conflicts)
    ]
    return replace(play([]), history=history.frame(rows), conditions=conditions())


def split(run: Record) -> dict[str, float]:
    """Where the time of its orders went, as far as it did."""
    shares = measure(run).time_shares
    assert shares is not None
    assert sum(shares.model_dump().values()) == pytest.approx(1)
    return {kind: round(share, 3) for kind, share in shares.model_dump().items() if share > 1e-9}


def test_the_time_of_an_order_is_that_of_its_spans_and_the_rest_is_the_workers() -> None:
    spans = {"redis_hold": [10.0], "pool": [20.0], "place_order": [40.0], "redis_confirm": [5.0]}
    assert split(orders_with(spans)) == {"worker": 0.25, "pool": 0.2, "database": 0.4, "redis": 0.15}


def test_the_time_in_statements_is_split_as_the_connections_were_found() -> None:
    run = orders_with({"pool": [20.0], "begin": [5.0], "lock_row": [25.0], "place_order": [30.0]})
    during = WaitSample(at_s=0.2, active=1, lock=6, io=3, idle=9)
    before = WaitSample(at_s=0.1, active=10, lock=0, io=0, idle=0)
    looked = replace(run, conditions=run.conditions.model_copy(update={"waits": (before, during)}))
    assert split(looked) == {"worker": 0.2, "pool": 0.2, "lock": 0.36, "flush": 0.18, "database": 0.06}


def test_where_nobody_looked_a_lock_is_what_statements_take_longer_than_undisturbed() -> None:
    assert split(orders_with({"lock_row": [30.0], "place_order": [10.0]})) == {
        "worker": 0.6,
        "lock": 0.3,
        "database": 0.1,
    }
    assert split(orders_with({"place_order": [10.0, 50.0]}))["lock"] == 0.2


def test_a_lease_is_a_lock_and_a_batch_is_a_queue() -> None:
    assert split(orders_with({"redis_lock": [40.0], "pool": [10.0], "redis_unlock": [10.0]})) == {
        "worker": 0.4,
        "pool": 0.1,
        "lock": 0.4,
        "redis": 0.1,
    }
    assert split(orders_with({"batch_wait": [10.0], "batch": [60.0]})) == {"worker": 0.3, "queue": 0.7}


def test_the_time_after_the_acknowledgement_is_that_of_the_queue() -> None:
    run = orders_with({"journal_wait": [10.0], "journal": [20.0]})
    acknowledged = with_attempts(run, pl.lit(True), acknowledged_s=pl.col("done_s") - 0.05)
    assert split(acknowledged) == {"worker": 0.2, "queue": 0.8}


def test_the_share_of_vain_tries_is_of_tries_that_were_not_sold_out() -> None:
    assert measure(orders_with(QUICK, conflicts=1)).vain_tries == pytest.approx(1 / 5)
    assert measure(orders_with({"begin": [1.0], "place_order": [1.0]})).vain_tries == 0


QUICK = {"pool": [0.1], "place_order": [2.0]}
LOCKED = {"pool": [0.1], "lock_row": [9.0], "place_order": [2.0]}


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (busy(orders_with(LOCKED, apart_s=0.1), worker=0.4), NOTHING),
        (busy(orders_with(QUICK), worker=0.6, database=0.35), "worker CPU"),
        (busy(orders_with(QUICK), worker=0.35, database=0.6), "database CPU"),
        (busy(orders_with(QUICK), worker=0.95, database=0.4, system_cores=2), "worker CPU"),
        (busy(orders_with(QUICK, apart_s=0.1), worker=0.95, system_cores=2, workers=2), NOTHING),
        (busy(orders_with(QUICK), redis=0.95, worker=0.2, system_cores=2), "Redis CPU"),
        (busy(orders_with(QUICK), worker=0.2, database=0.1, generator=0.7, shares=True), "generator CPU"),
        (busy(orders_with(QUICK, apart_s=0.1), worker=0.2, database=0.1, generator=0.7), NOTHING),
        (busy(orders_with(LOCKED), worker=0.4), "row lock"),
        (busy(orders_with({"pool": [0.1], "place_order": [2.0, 9.0, 9.0, 9.0]}), worker=0.4), "row lock"),
        (busy(orders_with({"pool": [9.0], "place_order": [2.0]}), worker=0.4), "connection pool"),
        (busy(orders_with(LOCKED | {"pool": [30.0]}), worker=0.4), "row lock"),
        (busy(orders_with({"pool": [0.1], "advisory_lock": [9.0]}), worker=0.4), "advisory lock"),
        (busy(orders_with({"redis_lock": [9.0], "pool": [30.0]}), worker=0.4), "lease"),
        (busy(orders_with({"redis_hold": [9.0], "pool": [0.1]}), worker=0.4), "Redis"),
        (busy(orders_with({"batch_wait": [9.0], "batch": [9.0]}), worker=0.4), "writer's queue"),
        (busy(orders_with(QUICK), worker=0.4, consumer=0.3, database=0.2), "worker CPU"),
        (busy(orders_with(QUICK), consumer=0.9, worker=0.3, system_cores=2), "consumer CPU"),
        (waiting(busy(orders_with({"place_order": [9.0]}), worker=0.4), lock=5), "row lock"),
        (waiting(busy(orders_with({"place_order": [9.0]}), worker=0.4), io=5), "commit flush"),
        (busy(orders_with(QUICK, conflicts=5), worker=0.7, database=0.3), "retries"),
        (orders_with({}), UNKNOWN),
        (replace(orders_with(QUICK), conditions=conditions().model_copy(update={"samples": ()})), UNKNOWN),
    ],
)
def test_what_bound_a_run_is_what_was_used_up(run: Record, expected: str) -> None:
    assert measure(run).bound_by == expected


def sampled(run: Record, *cores: tuple[float, float]) -> Utilisation:
    """What is said of a run whose samples are (end, cores of the worker)."""
    samples = tuple(
        Sample(at_s=at_s, worker=worker, database=0, redis=0, generator=0) for at_s, worker in cores
    )
    conditions = run.conditions.model_copy(update={"samples": samples})
    used = measure(replace(run, conditions=conditions)).utilisation
    assert used is not None
    return used


def test_the_cpu_outside_the_busiest_stretch_does_not_count() -> None:
    run = orders_with(QUICK, apart_s=1.0)  # its stretch is from 0.2 s to 1.2 s
    used = sampled(run, (0.2, 0.0), (0.5, 0.4), (1.0, 0.6), (1.5, 0.9), (9.0, 0.0))
    assert (used.worker, used.share) == pytest.approx((0.5, 0.5))


def test_a_stretch_shorter_than_a_sample_has_the_busiest_that_touches_it() -> None:
    run = orders_with(QUICK, apart_s=0.01)  # its stretch is from 0.20 s to 0.21 s
    used = sampled(run, (0.10, 1.0), (0.205, 0.3), (0.4, 0.9), (0.6, 1.0))
    assert used.worker == 0.9


def test_a_run_in_which_nothing_happened_has_figures_too() -> None:
    figures = measure(play([]))
    assert figures.completed == figures.orders_per_s == figures.peak_in_system == 0
    assert figures.latency_ms == {}
    assert figures.spans_ms == {}
    assert figures.bound_by == UNKNOWN


def test_means_over_runs_have_an_interval_beside_them() -> None:
    oversold = [with_row(play(rush()), "stock", 0, initial=units) for units in (3, 2, 1)]
    figures = aggregate([measure(run) for run in oversold])
    assert figures.runs == 3
    assert figures.units.oversold == 1
    assert figures.intervals["units.oversold"].model_dump() == {"low": 0, "high": 2}
    assert set(figures.intervals) == {
        path for path, value in leaves(measure(oversold[0]).model_dump()) if isinstance(value, int | float)
    }


def test_a_latency_that_only_some_runs_have_is_the_mean_of_those() -> None:
    without = play([Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2)])
    with_refusals = measure(play(rush()))
    found = aggregate([with_refusals, measure(without)]).latency_ms["sold_out"].model_dump()
    assert found == pytest.approx(with_refusals.latency_ms["sold_out"].model_dump())


def test_whole_numbers_stay_whole_where_the_runs_agree() -> None:
    figures = aggregate([measure(play(rush()))] * 3)
    assert isinstance(figures.units.sold, int)


@pytest.mark.parametrize(
    ("runs", "expected"), [(1, 0.0), (2, 1 / 3), (3, 0.5), (19, 0.9), (20, 19 / 21), (39, 0.9)]
)
def test_the_coverage_of_an_interval_follows_from_the_number_of_runs(runs: int, expected: float) -> None:
    assert coverage(runs) == pytest.approx(expected)


def test_an_interval_leaves_out_the_extremes_when_runs_are_many() -> None:
    few, many = interval(range(19)), interval(range(39))
    assert (few.low, few.high) == (0, 18)
    assert (many.low, many.high) == (1, 37)


def test_the_stated_coverage_is_the_true_one_whatever_the_distribution() -> None:
    random = np.random.default_rng(1)
    draws = random.pareto(1.1, size=(20_000, 25))
    held = [
        bounds.low <= draw[-1] <= bounds.high for draw in draws for bounds in [interval(draw[:-1].tolist())]
    ]
    error = 4 * np.sqrt(coverage(24) * (1 - coverage(24)) / len(draws))
    assert np.mean(held) == pytest.approx(coverage(24), abs=error)
