"""The witnesses of a violation: which cases are shown, and what was around them."""

from __future__ import annotations

from reports.audit import audit
from tests.unit.shop_runs import SCENARIO, Request, play, rush, with_row


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
