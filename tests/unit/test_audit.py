"""Each invariant: a good run passes, every way of breaking it is caught and witnessed."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from reports.audit import audit
from scenarios.books import BookedOrder, IntakeRow
from scenarios.history import Outcome
from scenarios.record import Record
from tests.unit.shop_runs import (
    SCENARIO,
    broken,
    play,
    queued,
    rush,
    verdicts,
    with_attempts,
    with_row,
    with_rows,
    with_wallet,
    without_wallet,
)

Tampering = Callable[[Record], Record]

SHOPPER = pl.col("shopper")


def test_a_run_of_a_correct_shop_passes_every_check() -> None:
    report = audit(play(rush()), SCENARIO)
    assert report.violations == ()
    assert verdicts(report) == dict.fromkeys(range(1, 6), "pass")
    assert report.verdict == "pass"


def test_a_wallet_that_was_charged_during_the_run_is_no_violation() -> None:
    run = play(rush())
    spent_won = -run.books.wallets.ledger_won[0]

    charged = with_wallet(
        run, 0, balance_won=15_000 - spent_won, ledger_won=5_000 - spent_won, charged_won=5_000
    )

    assert audit(charged, SCENARIO).violations == ()


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
        lambda run: without_wallet(run, 0),
    ),
    "a wallet that forgot a payment": (
        4,
        "wallets differ from their ledgers",
        lambda run: with_wallet(run, 0, balance_won=10_000),
    ),
    "a ledger without an order": (
        4,
        "ledgers differ from the orders",
        lambda run: with_wallet(run, 4, balance_won=9_000, ledger_won=-1_000),
    ),
    "a charge that is not in the ledger": (
        4,
        "ledgers differ from the orders",
        lambda run: with_wallet(run, 4, charged_won=5_000),
    ),
    "a wallet below zero": (
        4,
        "wallets are negative",
        lambda run: with_wallet(run, 0, opening_won=500, balance_won=-1_500),
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


def test_a_false_sold_out_is_a_violation_of_those_alone_who_promise_to_be_exact() -> None:
    early = with_attempts(play(rush()), SHOPPER == 5, sent_s=-0.02, done_s=-0.01)
    assert verdicts(audit(early, SCENARIO, exact=True))[2] == "fail"
    assert verdicts(audit(early, SCENARIO, exact=False))[2] == "pass"
    drifted = with_row(early, "stock", 1, available=1)
    assert verdicts(audit(drifted, SCENARIO, exact=False))[2] == "fail"
