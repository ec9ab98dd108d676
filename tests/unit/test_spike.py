"""The figures of a spike: when all was sold, when the queue was gone, and what a rate stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.evidence import Evidence
from reports.metrics import aggregate, measure
from reports.spike import queue_gone_after_s, sold_out_after_s
from scenarios.record import Record
from tests.unit.shop_runs import Request, conditions, play, rush, with_row

CONNECTIONS = 5


def sold_out(record: Record) -> float | None:
    return sold_out_after_s(Evidence(record))


def at_once(number: int, *, begin_s: float, each_s: float) -> list[Request]:
    """So many who come at one moment and are answered one after the other."""
    return [
        Request(
            round(1000 * begin_s) + n,
            {"shoe-270": 1},
            begin_s,
            begin_s + each_s * n,
            begin_s + each_s * (n + 1),
        )
        for n in range(number)
    ]


def test_all_is_sold_out_when_the_last_unit_of_the_last_sku_is_in_an_order() -> None:
    assert sold_out(play(rush())) == pytest.approx(0.016)  # 3 buys the last 280


def test_it_counts_from_the_first_arrival() -> None:
    later = [
        replace(one, sent_s=one.sent_s + 5, served_s=one.served_s + 5, done_s=one.done_s + 5)
        for one in rush()
    ]
    assert sold_out(play(later)) == pytest.approx(0.016)


def test_units_sold_beyond_the_stock_come_after_sold_out() -> None:
    late = Request(30, {"shoe-280": 1}, 0.05, 0.9, 1.0)
    assert sold_out(play([*rush(), late], guarded=False)) == pytest.approx(0.016, abs=0.02)


@pytest.mark.parametrize("requests", [[], rush()[:1]], ids=["nobody came", "some units were left"])
def test_where_the_stock_lasted_nothing_is_sold_out(requests: list[Request]) -> None:
    assert sold_out(play(requests)) is None


def test_the_queue_is_gone_when_no_more_wait_than_there_are_connections() -> None:
    record = play(at_once(20, begin_s=2, each_s=0.1))
    assert queue_gone_after_s(record) == pytest.approx(0.1 * (20 - CONNECTIONS))


def test_there_is_no_queue_where_everybody_finds_a_connection() -> None:
    assert queue_gone_after_s(play(at_once(CONNECTIONS, begin_s=0, each_s=0.1))) is None
    assert queue_gone_after_s(play([])) is None


def test_a_smaller_queue_before_or_after_the_longest_does_not_count() -> None:
    small, large, late = (at_once(n, begin_s=at, each_s=0.01) for n, at in ((8, 0), (20, 1), (8, 2)))
    assert queue_gone_after_s(play([*small, *large, *late])) == pytest.approx(1 + 0.01 * (20 - CONNECTIONS))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1)), min_size=1, max_size=40))
def test_no_more_than_the_connections_are_under_way_when_the_queue_is_gone(
    stays: Sequence[tuple[float, float]],
) -> None:
    record = play([Request(n, {"shoe-270": 1}, at, at, at + took) for n, (at, took) in enumerate(stays)])
    gone_s = queue_gone_after_s(record)
    first_s = min(at for at, _ in stays)
    assert (gone_s is None) == (measure(record).peak_in_system <= CONNECTIONS)
    if gone_s is not None:
        moment = first_s + gone_s + 1e-9
        assert sum(at <= moment < at + took for at, took in stays) <= CONNECTIONS


def test_connections_are_those_of_all_workers() -> None:
    record = play(at_once(9, begin_s=0, each_s=0.1))
    two_workers = replace(record, conditions=conditions().model_copy(update={"workers": 2}))
    assert queue_gone_after_s(record) is not None
    assert queue_gone_after_s(two_workers) is None


def test_a_rate_says_how_long_and_how_many_orders_it_stands_on() -> None:
    orders = [Request(n, {"shoe-270": 1}, 0.1 * n, 0.1 * n, 0.1 * n + 0.01) for n in range(40)]
    figures = measure(play(orders, units={"shoe-270": 100, "shoe-280": 0}))
    assert figures.busiest_stretch.orders == 20
    assert figures.busiest_stretch.length_s == pytest.approx(1.9)
    assert figures.orders_per_s == pytest.approx(19 / figures.busiest_stretch.length_s)


def test_a_figure_that_only_some_runs_have_says_how_many() -> None:
    lasted = with_row(play(rush()), "stock", 0, initial=9)
    figures = aggregate([measure(run) for run in (play(rush()), lasted, play(rush()))])
    assert figures.sold_out_after_s == pytest.approx(0.016)
    assert figures.runs_with["sold_out_after_s"] == 2
    assert "units.sold" not in figures.runs_with
    assert aggregate([measure(lasted)]).sold_out_after_s is None


def test_the_waits_of_each_run_are_kept_for_the_rank() -> None:
    slower = play([replace(one, done_s=one.done_s + 1) for one in rush()])
    figures = aggregate([measure(play(rush())), measure(slower)])
    assert figures.by_run["latency_ms.order.p99"] == pytest.approx((30, 1030))
    assert figures.latency_ms["order"].p99 == pytest.approx(530)
