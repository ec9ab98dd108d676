"""Crowds at a served shop, each shopper on a connection of their own: what every strategy sells."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.shops import ServedShop, ServedShopOf
from tests.strategies import SAFE


def sold(shop: ServedShop) -> int:
    return sum(line.quantity for order in shop.books().orders for line in order.lines)


@pytest.mark.parametrize("strategy", SAFE)
def test_2000_orders_at_once_for_100_units_sell_exactly_100(shop_of: ServedShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 100}, shoppers=2_000)
    orders = [(token, f"order-{n}", [("dunk-270", 1)]) for n, token in enumerate(shop.tokens(2_000))]

    answers = Counter(shop.at_once(orders))

    assert answers[201, ""] == sold(shop) == 100
    assert set(answers) <= {(201, ""), (409, "sold_out"), (409, "conflict")}
    assert shop.left("dunk-270") == 0
    keys = [order.key for order in shop.books().orders]
    assert len(set(keys)) == len(keys) == 100


def test_without_a_lock_a_crowd_buys_more_than_there_is(shop_of: ServedShopOf) -> None:
    shop = shop_of("no_lock")
    shop.reset({"270": 100}, shoppers=2_000)
    orders = [(token, f"order-{n}", [("dunk-270", 1)]) for n, token in enumerate(shop.tokens(2_000))]

    answers = Counter(shop.at_once(orders))

    assert answers[201, ""] == sold(shop) > 100
