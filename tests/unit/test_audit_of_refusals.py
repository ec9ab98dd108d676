"""No refusal is believed: what can have been so passes, what cannot is caught, up to the border of both."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from reports.audit import audit, merge
from reports.metrics import measure
from reports.violations import AuditReport
from scenarios.history import Outcome
from scenarios.scenario import Scenario
from tests.unit.shop_runs import (
    OPENING_WON,
    PRICE_WON,
    SCENARIO,
    Request,
    broken,
    play,
    queued,
    rush,
    verdicts,
    with_attempts,
    with_wallet,
)


def limited(limit: int) -> Scenario:
    product = SCENARIO.products[0].model_dump() | {"limit": limit}
    return Scenario.model_validate(SCENARIO.model_dump() | {"products": [product]})


ONE, TWO, OTHER = {"shoe-270": 1}, {"shoe-270": 2}, {"shoe-280": 1}
UNITS = {"shoe-270": 100, "shoe-280": 100, "boot-41": 100}

LIMIT = (6, "limits were said to be reached and were not")
FUNDS = (6, "funds were said to be insufficient and were not")
SKU = (6, "SKUs were said to be unknown and are not")
IN_PROGRESS = (6, "keys were said to be in progress and were not")
REUSED = (6, "keys were said to be used and were not")
SECOND_ANSWER = (5, "keys were refused after they had bought")

OUTCOMES = {
    "sold_out": Outcome.SOLD_OUT,
    "conflict": Outcome.CONFLICT,
    "key_in_progress": Outcome.CONFLICT,
    "limit_reached": Outcome.REFUSED,
}


def request(
    at_s: float, lines: dict[str, int] = ONE, *, shopper: int = 1, key: int = 0, attempt: int = 0
) -> Request:
    """Sent at `at_s`, and answered a tenth of a second later."""
    return Request(shopper, lines, at_s, at_s + 0.05, at_s + 0.1, attempt=attempt, order_number=key)


def refused(code: str, one: Request) -> Request:
    return replace(one, turned_away=OUTCOMES.get(code, Outcome.REJECTED), code=code)


def lost(one: Request) -> Request:
    """Nobody hears what becomes of it, which is nothing."""
    return replace(one, lost=True, turned_away=Outcome.CONFLICT)


def judged(*requests: Request, limit: int = 2) -> AuditReport:
    return audit(play(requests, units=UNITS), limited(limit))


# limit_reached


REACHED = refused("limit_reached", request(1.0, key=9))


@pytest.mark.parametrize(
    ("what", "before"),
    [
        ("an order of as many as one may have", [request(0.0, TWO)]),
        ("two orders of one", [request(0.0, key=0), request(0.2, key=1)]),
        ("an order sent just before the answer", [request(1.1, TWO)]),
        ("an attempt for two under way", [refused("insufficient_funds", request(0.95, {"shoe-270": 10}))]),
        ("an order of one, and another attempt answered as it was sent",
         [request(0.0), refused("conflict", request(0.9, key=1))]),
        ("an attempt whose fate nobody saw, long ago", [lost(request(0.0, TWO))]),
        ("a copy of an order of one", [request(0.5), replace(request(0.95), attempt=1)]),
    ],
)  # fmt: skip
def test_a_limit_may_be_said_to_be_reached_after(what: str, before: list[Request]) -> None:
    assert LIMIT not in broken(judged(*before, REACHED)), what


@pytest.mark.parametrize(
    ("what", "before"),
    [
        ("nothing", []),
        ("an order of one less than one may have", [request(0.0)]),
        ("an order sent just after the answer", [request(1.11, TWO)]),
        ("an order of another SKU", [request(0.0, {"shoe-280": 2})]),
        ("an order of another shopper", [request(0.0, TWO, shopper=2)]),
        ("an order of one, and another attempt answered before",
         [request(0.0), refused("conflict", request(0.89, key=1))]),
        ("an order of another shopper, who was rightly told so",
         [request(0.0, TWO, shopper=2), refused("limit_reached", request(0.5, shopper=2, key=1))]),
        ("an order of one by the second attempt of its key",
         [refused("conflict", request(0.0)), request(0.95, attempt=1)]),
        ("an attempt of the same key whose fate nobody saw", [lost(request(0.0, key=9))] * 2),
    ],
)  # fmt: skip
def test_a_limit_said_to_be_reached_is_untrue_after(what: str, before: list[Request]) -> None:
    report = judged(*before, REACHED)
    assert LIMIT in broken(report), what
    assert verdicts(report)[6] == "fail"
    [found] = [one for one in report.violations if (one.invariant, one.what) == LIMIT]
    assert found.count == 1
    assert "shopper 1 asked for 1 of shoe-270 (key 7-1-9)" in found.witnesses[0].text


def test_a_limit_is_never_reached_where_there_is_none() -> None:
    report = audit(play([request(0.0, TWO), REACHED], units=UNITS), SCENARIO)
    assert LIMIT in broken(report)
    assert "may have any number" in report.violations[0].witnesses[0].text


def test_one_line_at_its_limit_is_enough_to_be_refused() -> None:
    both = refused("limit_reached", request(1.0, ONE | OTHER, key=9))
    assert LIMIT not in broken(judged(request(0.0, TWO), both))
    [found] = judged(request(0.0, ONE), both).violations
    assert found.count == 1


def test_an_order_of_a_key_is_no_reason_to_refuse_that_key() -> None:
    run = play([request(0.0, TWO), request(1.0, TWO, attempt=1)], units=UNITS)
    first, second = pl.col("attempt") == 0, pl.col("attempt") == 1
    gone = {"order_id": "", "total_won": 0, "replayed": False}
    unknown = with_attempts(run, first, outcome=Outcome.UNKNOWN.value, status=0, **gone)
    lie = {"outcome": Outcome.REFUSED.value, "status": 409, "code": "limit_reached"}
    assert LIMIT in broken(audit(with_attempts(unknown, second, **lie, **gone), limited(2)))


def test_what_a_refused_queued_order_held_may_go_after_its_answer() -> None:
    run = play([refused("insufficient_funds", request(0.0, TWO)), REACHED], units=UNITS)
    assert LIMIT in broken(audit(run, limited(2)))
    assert LIMIT not in broken(audit(queued(run), limited(2)))


# insufficient_funds


MOST = OPENING_WON // PRICE_WON  # that a wallet pays for
POOR = refused("insufficient_funds", request(1.0, {"shoe-270": 4}, key=9))
"""4 of 10 that the wallet opened with."""


@pytest.mark.parametrize(
    ("what", "before"),
    [
        ("orders that leave one less", [request(0.0, {"shoe-280": MOST - 3})]),
        ("an order sent just before the answer", [request(1.1, {"shoe-280": MOST - 3})]),
        ("an order and an attempt under way",
         [request(0.0, {"shoe-280": MOST - 4}), refused("conflict", request(0.95, key=1))]),
        ("an order and an attempt whose fate nobody saw",
         [request(0.0, {"shoe-280": MOST - 4}), lost(request(0.5, key=1))]),
    ],
)  # fmt: skip
def test_funds_may_be_said_to_be_insufficient_after(what: str, before: list[Request]) -> None:
    assert broken(judged(*before, POOR, limit=100)) == set(), what


@pytest.mark.parametrize(
    ("what", "before"),
    [
        ("nothing", []),
        ("orders that leave just enough", [request(0.0, {"shoe-280": MOST - 4})]),
        ("an order sent just after the answer", [request(1.11, {"shoe-280": MOST - 3})]),
        ("an order of another shopper", [request(0.0, {"shoe-280": MOST - 3}, shopper=2)]),
        ("an order and an attempt answered before",
         [request(0.0, {"shoe-280": MOST - 4}), refused("conflict", request(0.89, key=1))]),
        ("an attempt of the same key whose fate nobody saw", [lost(request(0.0, {"shoe-280": MOST}, key=9))]),
    ],
)  # fmt: skip
def test_funds_said_to_be_insufficient_are_not_after(what: str, before: list[Request]) -> None:
    report = judged(*before, POOR, limit=100)
    assert broken(report) == {FUNDS}, what
    assert "for an order of 4000 won (key 7-1-9)" in report.violations[0].witnesses[0].text


def test_a_cart_that_costs_more_than_the_wallet_ever_held_is_rightly_refused() -> None:
    dear = refused("insufficient_funds", request(0.0, {"shoe-270": MOST, "shoe-280": 1}))
    assert broken(judged(dear, limit=100)) == set()
    assert broken(judged(replace(dear, lines={"shoe-270": MOST - 1, "shoe-280": 1}), limit=100)) == {FUNDS}


def test_a_charge_may_have_come_after_the_refusal() -> None:
    run = play([request(0.0, {"shoe-280": MOST - 3}), POOR], units=UNITS)
    left_won = 3 * PRICE_WON
    charged = with_wallet(
        run, 0, balance_won=left_won + 5_000, ledger_won=left_won - OPENING_WON + 5_000, charged_won=5_000
    )
    assert broken(audit(charged, SCENARIO)) == set()


# Keys and SKUs


def test_a_key_is_not_in_progress_without_another_attempt() -> None:
    alone = refused("key_in_progress", request(1.0))
    for others in ([], [request(1.0, key=1)], [request(1.0, shopper=2)], [request(1.2, attempt=1)]):
        assert broken(judged(alone, *others)) == {IN_PROGRESS}


@pytest.mark.parametrize("code", ["conflict", "sold_out", "limit_reached", "insufficient_funds"])
def test_a_key_is_not_in_progress_any_more_once_its_attempt_was_refused(code: str) -> None:
    copy = refused("key_in_progress", request(1.0, attempt=1))
    assert IN_PROGRESS in broken(judged(refused(code, request(0.89)), copy))
    assert IN_PROGRESS not in broken(judged(refused(code, request(0.9)), copy))


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("is sent as it is answered", request(1.1)),
        ("was under way", request(0.95)),
        ("hung up", lost(request(0.0))),
        ("had bought, whose hold is remembered", request(0.0)),
    ],
)
def test_a_key_may_be_in_progress_where_another_attempt(what: str, other: Request) -> None:
    copy = refused("key_in_progress", request(1.0, attempt=1))
    run = with_attempts(  # which a shop that serves one by one would have given the kept answer
        play([other, replace(copy, attempt=1)], units=UNITS),
        pl.col("attempt") == 1,
        **{"outcome": Outcome.CONFLICT.value, "status": 409, "code": "key_in_progress"},
        **{"order_id": "", "total_won": 0, "replayed": False},
    )
    assert broken(audit(run, SCENARIO)) == set(), what


def test_a_queued_order_may_be_in_progress_after_its_answer() -> None:
    run = play([refused("conflict", request(0.0)), refused("key_in_progress", request(1.0, attempt=1))])
    assert broken(audit(run, SCENARIO)) == {IN_PROGRESS}
    first = pl.col("attempt") == 0
    queued_first = with_attempts(run, first, acknowledged_s=0.05)
    assert IN_PROGRESS not in broken(audit(queued_first, SCENARIO))


@pytest.mark.parametrize("code", ["key_in_progress", "idempotency_key_reused"])
def test_a_charge_may_have_had_the_key(code: str) -> None:
    run = play([refused(code, request(0.0))])
    charged = with_wallet(run, 0, balance_won=OPENING_WON + 1_000, ledger_won=1_000, charged_won=1_000)
    assert broken(audit(run, SCENARIO)) in ({IN_PROGRESS}, {REUSED})
    assert broken(audit(charged, SCENARIO)) == set()


def test_a_key_is_used_only_where_another_cart_had_been_sent_with_it() -> None:
    reused = refused("idempotency_key_reused", request(1.0, ONE | OTHER, attempt=1))
    for other in (request(0.0), request(1.1)):
        assert broken(judged(refused("conflict", other), reused)) == set()
    for other in (request(0.0, OTHER | ONE), request(1.11), request(0.0, key=1), request(0.0, shopper=2)):
        assert broken(judged(refused("conflict", other), reused)) == {REUSED}


def test_a_sku_of_the_books_is_not_unknown() -> None:
    [found] = judged(refused("unknown_sku", request(0.0, ONE | OTHER))).violations
    assert (found.invariant, found.what) == SKU
    assert "1 x shoe-270 + 1 x shoe-280" in found.witnesses[0].text
    assert broken(judged(refused("unknown_sku", request(0.0, {"shoe-270": 1, "boot-42": 1})))) == set()


# One key, one answer


LATER = request(0.11, TWO, attempt=1)  # after an order of two was answered


def told_later(code: str, later: Request = LATER, first: Request | None = None) -> AuditReport:
    """An order of two, and its key once more, which gets another answer."""
    run = play([first or request(0.0, TWO), later], units=UNITS)
    lie = {"outcome": OUTCOMES.get(code, Outcome.REJECTED).value, "status": 409, "code": code}
    no_order = {"order_id": "", "total_won": 0, "replayed": False}
    return audit(with_attempts(run, pl.col("attempt") == 1, **lie, **no_order), limited(2), exact=False)


ANSWERS = (
    "sold_out",
    "limit_reached",
    "insufficient_funds",
    "conflict",
    "unknown_sku",
    "idempotency_key_reused",
)


@pytest.mark.parametrize("code", ANSWERS)
def test_a_key_that_bought_is_not_refused_later(code: str) -> None:
    report = told_later(code)
    assert SECOND_ANSWER in broken(report)
    assert verdicts(report)[5] == "fail"
    [found] = [one for one in report.violations if one.invariant == 5]
    assert "key 7-1-0 of shopper 1 was answered with order order-1, then with 409" in found.witnesses[0].text
    assert found.witnesses[0].text.endswith(code)


@pytest.mark.parametrize("code", ANSWERS)
@pytest.mark.parametrize(
    ("what", "later", "first"),
    [
        ("sent as the order was answered", replace(LATER, sent_s=0.1), None),
        ("sent with another cart", replace(LATER, lines=OTHER), None),
        ("sent after an order whose answer was lost", LATER, replace(request(0.0, TWO), lost=True)),
    ],
)
def test_a_copy_may_be_refused_if_it_was(code: str, what: str, later: Request, first: Request | None) -> None:
    assert SECOND_ANSWER not in broken(told_later(code, later, first)), what


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (0, Outcome.UNKNOWN, "timeout"),
        (503, Outcome.UNKNOWN, "unavailable"),
        (202, Outcome.QUEUED, ""),
        (409, Outcome.CONFLICT, "key_in_progress"),
        (429, Outcome.REFUSED, "too_many_requests"),
        (401, Outcome.REJECTED, "unauthenticated"),
    ],
)
def test_what_is_no_answer_of_the_key_is_no_second_answer(status: int, outcome: Outcome, code: str) -> None:
    run = play([request(0.0, TWO), LATER], units=UNITS)
    told = {"outcome": outcome.value, "status": status, "code": code}
    no_order = {"order_id": "", "total_won": 0, "replayed": False}
    assert broken(audit(with_attempts(run, pl.col("attempt") == 1, **told, **no_order), SCENARIO)) == set()


def test_a_purchase_after_a_refusal_is_no_second_answer() -> None:
    rich_later = [refused("conflict", request(0.0)), request(1.0, attempt=1)]
    assert broken(judged(*rich_later)) == set()


# Conflicts, and the check as a whole


def test_conflicts_are_counted_where_nobody_else_was_there() -> None:
    told = refused("conflict", request(1.0, ONE | OTHER))

    def alone(*others: Request) -> int:
        return int(measure(play([told, *others], units=UNITS)).conflicts_alone)

    elsewhere = {"boot-41": 1}
    assert alone() == 1
    assert alone(refused("sold_out", request(1.0, elsewhere, shopper=2))) == 1
    assert alone(refused("sold_out", request(1.0, elsewhere, key=1))) == 0
    assert alone(request(0.89, shopper=2), request(1.11, shopper=3)) == 1
    assert alone(request(0.9, shopper=2)) == alone(request(1.1, OTHER, shopper=2)) == 0
    assert alone(lost(request(0.0, OTHER, shopper=2))) == 0
    assert measure(play([refused("key_in_progress", request(1.0))])).conflicts_alone == 0


def test_a_conflict_alone_is_told_and_breaks_nothing() -> None:
    report = judged(refused("conflict", request(1.0)))
    assert broken(report) == set()
    [check] = [check for check in report.checks if check.invariant == 6]
    assert (check.verdict, check.why) == ("pass", "told: conflict 1; conflicts with nobody else there: 1")


def test_refusals_are_judged_where_there_are_some_and_one_run_of_several_is_enough() -> None:
    plain, told = audit(play(rush()), limited(2)), judged(request(0.0, TWO), REACHED)
    assert 6 not in verdicts(plain)
    assert verdicts(told)[6] == "pass"
    merged = merge([plain, told])
    assert [check.invariant for check in merged.checks] == [1, 2, 3, 4, 5, 6, 9]
    assert verdicts(merged)[6] == "pass"
