"""The rules of an order that need no server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.errors import SoldOut, UnknownSku
from system.orders.model import Cart, Line, Order

skus = st.text(alphabet="abc123-", min_size=1, max_size=8)
carts = st.lists(
    st.builds(Line, sku=skus, quantity=st.integers(1, 100)),
    min_size=1,
    max_size=20,
    unique_by=lambda line: line.sku,
).map(lambda lines: Cart(lines=lines))


def order_of(*lines: tuple[str, int]) -> Order:
    return Order.of(1, "key", Cart(lines=[Line(sku=sku, quantity=quantity) for sku, quantity in lines]))


@given(carts)
def test_every_cart_locks_its_skus_in_one_order(cart: Cart) -> None:
    order = Order.of(1, "key", cart)

    assert order.skus == sorted(order.skus)
    assert dict(zip(order.skus, order.quantities, strict=True)) == {
        line.sku: line.quantity for line in cart.lines
    }


@given(carts, st.randoms())
def test_the_order_of_its_lines_is_no_part_of_what_a_request_asks_for(cart: Cart, random: object) -> None:
    shuffled = list(cart.lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert Order.of(1, "a", cart).fingerprint == Order.of(2, "b", Cart(lines=shuffled)).fingerprint


@given(carts, carts)
def test_two_carts_that_differ_have_two_fingerprints(one: Cart, other: Cart) -> None:
    first, second = Order.of(1, "key", one), Order.of(1, "key", other)

    same_cart = (first.skus, first.quantities) == (second.skus, second.quantities)

    assert (first.fingerprint == second.fingerprint) == same_cart


def test_an_order_is_refused_unless_every_line_can_be_had() -> None:
    order = order_of(("a", 2), ("b", 1))

    order.require({"a": 2, "b": 1})
    with pytest.raises(SoldOut, match="units of b are left"):
        order.require({"a": 2, "b": 0})
    with pytest.raises(UnknownSku, match="'b' is not a SKU"):
        order.require({"a": 2})


def test_what_an_order_leaves_is_in_the_order_of_its_skus() -> None:
    assert order_of(("b", 1), ("a", 2)).left_of({"a": 5, "b": 3}) == [3, 2]
