"""The figures of a run: counts, units, latency, throughput."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.bottleneck import UNKNOWN
from reports.metrics import measure
from reports.stretch import Stretch
from scenarios import history
from scenarios.history import Outcome
from tests.unit.shop_runs import Request, play, queued, rush, with_attempts, with_row


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


def test_a_run_in_which_nothing_happened_has_figures_too() -> None:
    figures = measure(play([]))
    assert figures.completed == figures.orders_per_s == figures.peak_in_system == 0
    assert figures.latency_ms == {}
    assert figures.spans_ms == {}
    assert figures.bound_by == UNKNOWN
