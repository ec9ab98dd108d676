"""What the sold-out board answers from memory."""

from __future__ import annotations

from time import monotonic
from typing import Any, cast

from system.orders.model import Cart, Line, Order
from system.stock.board import Board, Gone


def board(**buyers: set[int]) -> Board:
    made = Board(cast("Any", None), interval_ms=100)
    made._gone = {sku: Gone(version=1, buyers=frozenset(shoppers)) for sku, shoppers in buyers.items()}
    made._read_at_s = monotonic()
    return made


def order(shopper: int, *skus: str) -> Order:
    return Order.of(shopper, "key", Cart(lines=[Line(sku=sku, quantity=1) for sku in skus]))


def test_nothing_is_refused_while_nothing_is_known() -> None:
    assert board().sold_out(order(1, "a")) is None


def test_a_cart_with_one_sku_that_is_gone_is_refused_by_its_name() -> None:
    assert board(b=set()).sold_out(order(1, "a", "b")) == "b"


def test_who_bought_one_is_let_through_to_ask_for_the_answer_again() -> None:
    assert board(a={1}).sold_out(order(1, "a")) is None
    assert board(a={1}).sold_out(order(2, "a")) == "a"


def test_who_waits_in_the_log_is_let_through() -> None:
    made = board(a=set())
    made._waiting = frozenset({1})
    assert made.sold_out(order(1, "a")) is None
    assert made.sold_out(order(2, "a")) == "a"


def test_nobody_is_refused_by_what_was_read_too_long_ago() -> None:
    made = board(a=set())
    made._read_at_s -= made.valid_s
    assert made.sold_out(order(1, "a")) is None
