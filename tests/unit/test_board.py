"""What the sold-out board answers from memory."""

from __future__ import annotations

from typing import Any, cast

from system.orders.model import Cart, Line, Order
from system.stock.board import Board


def board(**buyers: set[int]) -> Board:
    made = Board(cast("Any", None), interval_ms=100)
    made._buyers = {sku: frozenset(shoppers) for sku, shoppers in buyers.items()}
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
