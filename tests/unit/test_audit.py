"""Each invariant: a good run passes, every way of breaking it is caught and witnessed."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.audit import audit, merge
from reports.metrics import measure
from reports.violations import AuditReport
from scenarios.books import BookedOrder, IntakeRow
from scenarios.history import Outcome
from scenarios.record import Record
from scenarios.scenario import Scenario
from tests.unit.shop_runs import (
    SCENARIO,
    UNITS,
    Request,
    play,
    queued,
    rush,
    with_attempts,
    with_row,
    with_rows,
)

Tampering = Callable[[Record], Record]

SHOPPER = pl.col("shopper")


def broken(report: AuditReport) -> set[tuple[int, str]]:
    return {(violation.invariant, violation.what) for violation in report.violations}


def verdicts(report: AuditReport) -> dict[int, str]:
    return {check.invariant: check.verdict for check in report.checks}


def test_a_run_of_a_correct_shop_passes_every_check() -> None:
    report = audit(play(rush()), SCENARIO)
    assert report.violations == ()
    assert verdicts(report) == dict.fromkeys(range(1, 6), "pass")
    assert report.verdict == "pass"


TAMPERED: dict[str, tuple[int, str, Tampering]] = {
    "an order more than there were units": (
        1,
        "more units were sold than there were",
        lambda run: with_row(run, "stock", 0, initial=2),
    ),
    "a counter that lost an update": (
        2,
        "what the database says is left is not what is left",
        lambda run: with_row(run, "stock", 1, available=1),
    ),
    "a Redis counter that drifted": (
        2,
        "what Redis says is left is not what is left",
        lambda run: with_row(run, "stock", 0, redis_available=2),
    ),
    "a reservation nobody released": (
        2,
        "units are reserved for nobody",
        lambda run: with_row(run, "stock", 0, reserved=1),
    ),
    "sold out with units on the shelf": (
        2,
        "sold out was said too early",
        lambda run: with_row(run, "stock", 0, initial=9, available=6, redis_available=6),
    ),
    "sold out before the last buyer had asked": (
        2,
        "sold out was said too early",
        lambda run: with_attempts(run, SHOPPER == 5, sent_s=-0.02, done_s=-0.01),
    ),
    "an acknowledged order that is gone": (
        3,
        "acknowledged orders are lost",
        lambda run: with_rows(run, "orders", lambda orders: orders[1:]),
    ),
    "an order that is there twice": (
        3,
        "orders are in the books twice",
        lambda run: with_rows(run, "orders", lambda orders: [*orders, orders[0]]),
    ),
    "an order with another total than acknowledged": (
        3,
        "orders are not as acknowledged",
        lambda run: with_attempts(run, SHOPPER == 1, total_won=900),
    ),
    "an order with other units than acknowledged": (
        3,
        "orders are not as acknowledged",
        lambda run: with_attempts(run, SHOPPER == 3, skus=["shoe-270"]),
    ),
    "an order of another shopper than acknowledged": (
        3,
        "orders are not as acknowledged",
        lambda run: with_row(run, "orders", 0, shopper=1),
    ),
    "an acknowledged order that was never settled": (
        3,
        "acknowledged orders are not settled",
        lambda run: with_row(run, "orders", 0, state="pending"),
    ),
    "an order that nobody asked for": (
        3,
        "orders are in the books that nobody asked for",
        lambda run: with_row(run, "orders", 0, key="7-0-1"),
    ),
    "an order of someone who was told sold out": (
        3,
        "failed attempts made orders",
        lambda run: with_attempts(
            run, SHOPPER == 1, outcome=Outcome.SOLD_OUT.value, order_id="", total_won=0
        ),
    ),
    "an order of someone who was told of a conflict": (
        3,
        "failed attempts made orders",
        lambda run: with_attempts(
            run, SHOPPER == 1, outcome=Outcome.CONFLICT.value, order_id="", total_won=0
        ),
    ),
    "two orders for one key whose fate was unknown": (
        3,
        "unknown attempts had more than one effect",
        lambda run: with_rows(run, "orders", lambda orders: [*orders, again(orders, shopper=2)]),
    ),
    "an order of someone without a wallet": (
        4,
        "shoppers without a wallet have orders",
        lambda run: with_rows(run, "wallets", lambda wallets: wallets[1:]),
    ),
    "a wallet that forgot a payment": (
        4,
        "wallets differ from their ledgers",
        lambda run: with_row(run, "wallets", 0, balance_won=10_000),
    ),
    "a ledger without an order": (
        4,
        "ledgers differ from the orders",
        lambda run: with_row(run, "wallets", 4, balance_won=9_000, ledger_won=-1_000),
    ),
    "a wallet below zero": (
        4,
        "wallets are negative",
        lambda run: with_row(run, "wallets", 0, opening_won=500, balance_won=-1_500),
    ),
    "an order whose total is not that of its lines": (
        4,
        "orders do not add up",
        lambda run: with_row(run, "orders", 0, total_won=1_999),
    ),
    "a unit sold at another price": (
        4,
        "units were sold at a wrong price",
        lambda run: with_row(
            run, "orders", 1, lines=(run.books.orders[1].lines[0].model_copy(update={"price_won": 1}),)
        ),
    ),
    "two orders for one key": (
        5,
        "keys made more than one order",
        lambda run: with_rows(run, "orders", lambda orders: [*orders, again(orders, shopper=1)]),
    ),
    "an order without a kept answer": (
        5,
        "kept answers are not those of the orders",
        lambda run: with_rows(run, "keys", lambda keys: keys[1:]),
    ),
    "a kept answer without an order": (
        5,
        "kept answers are not those of the orders",
        lambda run: with_rows(run, "orders", lambda orders: orders[:-1]),
    ),
    "a kept answer that is another order": (
        5,
        "kept answers are not those of the orders",
        lambda run: with_row(run, "keys", 0, order_id="order-3"),
    ),
    "a replay with another answer": (
        5,
        "keys got more than one answer",
        lambda run: with_attempts(
            run, SHOPPER == 2, outcome=Outcome.BOUGHT.value, total_won=pl.col("attempt") * 1_000
        ),
    ),
    "a second effect of one key": (
        5,
        "kept answers were not given as kept",
        lambda run: with_attempts(run, SHOPPER == 2, outcome=Outcome.BOUGHT.value, replayed=False),
    ),
}


TAMPERED_QUEUES: dict[str, tuple[str, Tampering]] = {
    "an order that was accepted and forgotten": (
        "queued orders were never decided",
        lambda run: with_rows(run, "decisions", lambda rows: [row for row in rows if row.shopper != 4]),
    ),
    "an order that is still queued": (
        "orders are still queued at rest",
        lambda run: with_rows(run, "intake", lambda rows: [*rows, IntakeRow(shopper=8, key="7-8-0")]),
    ),
    "a decision to sell without an order": (
        "orders were decided and are not in the books",
        lambda run: with_decision(run, shopper=4, status=201),
    ),
    "a decision to refuse with an order": (
        "orders were refused and are in the books",
        lambda run: with_decision(run, shopper=1, status=409, code="sold_out"),
    ),
    "a shopper who was told something else than was decided": (
        "decisions are not as told",
        lambda run: with_decision(run, shopper=5, status=402),
    ),
    "a shopper who was given another reason than was decided": (
        "decisions are not as told",
        lambda run: with_decision(run, shopper=5, code="limit_reached"),
    ),
}


def with_decision(run: Record, *, shopper: int, **changes: object) -> Record:
    return with_rows(
        run,
        "decisions",
        lambda rows: [row.model_copy(update=changes if row.shopper == shopper else {}) for row in rows],
    )


def again(orders: list[BookedOrder], shopper: int) -> BookedOrder:
    """The order of a shopper once more, under another id."""
    order = next(order for order in orders if order.shopper == shopper)
    return order.model_copy(update={"order_id": f"{order.order_id}-again"})


@pytest.mark.parametrize("case", TAMPERED)
def test_a_tampered_run_is_caught_and_witnessed(case: str) -> None:
    invariant, what, tamper = TAMPERED[case]
    report = audit(tamper(play(rush())), SCENARIO)
    assert (invariant, what) in broken(report)
    assert verdicts(report)[invariant] == "fail"
    assert report.verdict == "fail"
    found = next(violation for violation in report.violations if violation.what == what)
    assert found.count >= 1
    assert found.witnesses[0].role == "first"
    assert "None" not in found.witnesses[0].text or "kept answer" in what


def test_a_run_of_a_correct_queue_passes_every_check() -> None:
    report = audit(queued(play(rush())), SCENARIO)
    assert report.violations == ()
    assert report.verdict == "pass"
    assert "queued first" in report.checks[2].why


@pytest.mark.parametrize("case", TAMPERED_QUEUES)
def test_a_tampered_queue_is_caught_and_witnessed(case: str) -> None:
    what, tamper = TAMPERED_QUEUES[case]
    report = audit(tamper(queued(play(rush()))), SCENARIO)
    assert (3, what) in broken(report)
    found = next(violation for violation in report.violations if violation.what == what)
    assert found.count == len(found.witnesses) == 1


def test_an_order_still_queued_for_its_shopper_may_have_been_decided_either_way() -> None:
    patience_over = {"outcome": Outcome.QUEUED.value, "status": 202, "order_id": "", "total_won": 0}
    for its_shopper in (SHOPPER == 1, SHOPPER == 4):  # one has an order, one was refused
        run = with_attempts(queued(play(rush())), its_shopper, **patience_over)
        assert audit(run, SCENARIO).violations == ()


LIMITED = Scenario.model_validate(
    SCENARIO.model_dump() | {"products": [SCENARIO.products[0].model_dump() | {"limit": 1}]}
)


def test_nobody_above_the_limit_is_a_check_where_there_is_one() -> None:
    one_comes_again = [
        Request(1, {"shoe-270": 1}, 0.0, 0.01, 0.02),
        Request(1, {"shoe-270": 1}, 0.1, 0.11, 0.12, turned_away=Outcome.REFUSED, order_number=1),
    ]
    assert verdicts(audit(play(one_comes_again), LIMITED))[9] == "pass"
    assert verdicts(audit(play(one_comes_again[:1]), LIMITED))[9] == "unknown"
    assert 9 not in verdicts(audit(play(one_comes_again), SCENARIO))


def test_a_shopper_with_two_pairs_is_above_the_limit_whether_in_one_order_or_in_two() -> None:
    in_two = [
        Request(1, {"shoe-270": 1}, 0.0, 0.01, 0.02),
        Request(1, {"shoe-270": 1}, 0.1, 0.11, 0.12, order_number=1),
    ]
    for requests in (in_two, [Request(1, {"shoe-270": 2}, 0.0, 0.01, 0.02)]):
        report = audit(play(requests), LIMITED)
        assert broken(report) == {(9, "shoppers have more than the limit")}
        assert "made it 2 of shoe-270 for shopper 1, who may have 1" in report.violations[0].witnesses[0].text


def test_the_witness_of_an_oversell_has_the_operations_around_it() -> None:
    late = [Request(shopper, {"shoe-280": 1}, 0.01, 0.017, 0.03) for shopper in (20, 21)]
    report = audit(play([*rush(), *late], guarded=False), SCENARIO)
    oversell = next(violation for violation in report.violations if violation.invariant == 1)
    assert [witness.role for witness in oversell.witnesses] == ["first", "worst", "last"]
    first = next(witness for witness in oversell.witnesses if "shoe-280" in witness.text)
    assert sum(first.under_way.values()) >= len(late)
    assert first.at_s is not None
    placed = [one for one in first.around if one.placed_s is not None]
    assert [one.so_far for one in sorted(placed, key=lambda one: one.so_far or 0)][:3] == [1, 2, 3]
    assert {20, 21} <= {one.shopper for one in placed}
    assert all(one.sent_s is not None and one.done_s is not None for one in first.around)
    assert {one.told for one in placed} == {"bought"}


def test_those_who_came_to_no_order_are_witnesses_too() -> None:
    run = with_row(play(rush()), "stock", 0, initial=2)
    [witness] = audit(run, SCENARIO).violations[0].witnesses
    others = [one for one in witness.around if one.order_id is None]
    assert witness.under_way["sold_out"] == len([one for one in others if one.told == "sold_out"]) > 0
    assert all(one.placed_s is None and one.so_far is None for one in others)
    assert all(one.sent_s <= witness.at_s <= one.done_s for one in others)  # type: ignore[operator]


def test_an_order_that_nobody_sent_is_in_the_scene_without_its_request() -> None:
    run = with_row(with_row(play(rush()), "stock", 0, initial=2), "orders", 0, key="7-0-1")
    witnesses = next(one for one in audit(run, SCENARIO).violations if one.invariant == 1).witnesses
    strangers = [one for one in witnesses[0].around if one.key == "7-0-1"]
    assert [(one.sent_s, one.told, one.so_far) for one in strangers] == [(None, None, 1)]


def test_a_false_sold_out_is_a_violation_of_those_alone_who_promise_to_be_exact() -> None:
    early = with_attempts(play(rush()), SHOPPER == 5, sent_s=-0.02, done_s=-0.01)
    assert verdicts(audit(early, SCENARIO, exact=True))[2] == "fail"
    assert verdicts(audit(early, SCENARIO, exact=False))[2] == "pass"
    drifted = with_row(early, "stock", 1, available=1)
    assert verdicts(audit(drifted, SCENARIO, exact=False))[2] == "fail"


def test_units_that_nobody_found_do_not_keep_a_run_from_having_been_dangerous() -> None:
    stranded = [
        Request(shopper, {"shoe-280": 2}, 0.0, 0.01, 0.02, turned_away=Outcome.SOLD_OUT) for shopper in (1, 2)
    ]
    run = play([Request(0, {"shoe-270": 1}, 0.0, 0.01, 0.02), *stranded])
    assert verdicts(audit(run, SCENARIO, exact=False))[1] == "pass"
    assert verdicts(audit(run, SCENARIO, exact=True))[1] == "unknown"
    assert verdicts(audit(play(rush()[:1]), SCENARIO, exact=False))[1] == "unknown"
    assert measure(run).units.undersold == 2


def test_witnesses_are_the_first_the_worst_and_the_last_case() -> None:
    run = play(rush())
    for row, total_won in enumerate([1_999, 1, 999]):
        run = with_row(run, "orders", row, total_won=total_won)
    found = {violation.what: violation for violation in audit(run, SCENARIO).violations}
    off = found["orders do not add up"]
    assert off.count == 3
    assert [(witness.role, witness.at_s) for witness in off.witnesses] == [
        ("first", 0.010),
        ("worst", 0.012),
        ("last", 0.014),
    ]
    assert off.witnesses[1].text == "order order-1: lines of 1000 won, but a total of 1 won"


def test_a_single_case_is_witnessed_once() -> None:
    report = audit(with_row(play(rush()), "stock", 0, reserved=1), SCENARIO)
    assert [witness.role for witness in report.violations[0].witnesses] == ["first"]


def test_a_key_refused_without_effect_may_buy_later() -> None:
    refused_then_bought = [
        Request(1, {"shoe-270": 1}, 0.0, 0.01, 0.02, turned_away=Outcome.CONFLICT),
        Request(1, {"shoe-270": 1}, 0.1, 0.11, 0.12, attempt=1),
    ]
    assert audit(play(refused_then_bought), SCENARIO).violations == ()


def test_sold_out_may_be_said_while_a_failing_order_holds_the_last_unit() -> None:
    holding = [
        Request(1, {"shoe-280": 2}, 0.00, 0.09, 0.10, turned_away=Outcome.REJECTED),
        Request(2, {"shoe-280": 1}, 0.05, 0.06, 0.07, turned_away=Outcome.SOLD_OUT),
    ]
    assert audit(play(holding), SCENARIO).violations == ()
    released = [holding[0], Request(2, {"shoe-280": 1}, 0.11, 0.12, 0.13, turned_away=Outcome.SOLD_OUT)]
    assert broken(audit(play(released), SCENARIO)) == {(2, "sold out was said too early")}


def test_sold_out_may_be_said_before_a_restock() -> None:
    run = with_row(play(rush()), "stock", 0, restocked=5, available=5, redis_available=5)
    assert audit(run, SCENARIO).violations == ()


def test_a_run_in_which_nothing_ran_out_says_nothing_about_overselling() -> None:
    report = audit(play([Request(n, {"shoe-270": 1}, 0.0, 0.01, 0.02) for n in range(2)]), SCENARIO)
    assert verdicts(report) == {1: "unknown", 2: "unknown", 3: "pass", 4: "pass", 5: "pass"}
    assert report.verdict == "unknown"


def test_a_run_in_which_nobody_competed_says_nothing_about_overselling() -> None:
    one_by_one = [Request(n, {"shoe-280": 1}, n, n + 0.1, n + 0.2) for n in range(4)]
    report = audit(play(one_by_one), SCENARIO)
    assert verdicts(report) == {1: "unknown", 2: "pass", 3: "pass", 4: "pass", 5: "pass"}
    assert "at the same time" in report.checks[0].why


def test_a_run_without_an_order_says_nothing() -> None:
    refused = [Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2, turned_away=Outcome.REJECTED)]
    assert set(verdicts(audit(play(refused), SCENARIO)).values()) == {"unknown"}


def test_one_dangerous_repeat_is_enough_to_pass_and_one_breach_to_fail() -> None:
    good = audit(play(rush()), SCENARIO)
    tame = audit(play([Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2)]), SCENARIO)
    bad = audit(with_row(play(rush()), "stock", 1, reserved=1), SCENARIO)
    assert merge([tame, good]).verdict == "pass"
    assert merge([tame, tame]).verdict == "unknown"
    assert merge([good, bad, tame]).verdict == "fail"
    assert [violation.run for violation in merge([good, bad, tame]).violations] == [1]


carts = st.sampled_from([{"shoe-270": 1}, {"shoe-280": 1}, {"shoe-270": 2}, {"shoe-280": 1, "shoe-270": 1}])
moments = st.integers(0, 40).map(lambda ticks: ticks / 100)
ends = st.sampled_from([None, None, None, Outcome.CONFLICT, Outcome.REJECTED])


@st.composite
def crowds(draw: st.DrawFn) -> list[Request]:
    """Shoppers who each try once or twice with one key, in any interleaving, some of whom hear nothing."""
    crowd = []
    for shopper in range(draw(st.integers(0, 12))):
        cart, at_s = draw(carts), draw(moments)
        for attempt in range(draw(st.integers(1, 2))):
            served_s = at_s + draw(moments)
            done_s = served_s + draw(moments)
            lost, end = draw(st.booleans()), draw(ends)
            crowd.append(Request(shopper, cart, at_s, served_s, done_s, attempt, lost, end))
            at_s = done_s + 0.01
    return crowd


@given(crowds())
def test_no_interleaving_of_a_correct_shop_is_called_broken(crowd: list[Request]) -> None:
    assert audit(play(crowd), SCENARIO).violations == ()


@given(crowds())
def test_an_unguarded_shop_is_caught_exactly_when_it_oversold(crowd: list[Request]) -> None:
    run = play(crowd, guarded=False)
    lines = [line for order in run.books.orders for line in order.lines]
    sold = {sku: sum(line.quantity for line in lines if line.sku == sku) for sku in UNITS}
    oversold = any(sold[sku] > units for sku, units in UNITS.items())
    assert ((1, "more units were sold than there were") in broken(audit(run, SCENARIO))) == oversold
