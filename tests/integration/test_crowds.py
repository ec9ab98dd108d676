"""Crowds at a served shop, each shopper on a connection of their own: what every strategy sells."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.axes import Axes
from harness.servers import Endpoints
from tests.shops import SMALL, ServedShop, ServedShopOf, served_shop
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


@pytest.mark.parametrize(
    "strategy", ["advisory_lock", "pessimistic_lock", "conditional_update", "micro_batch"]
)
def test_under_another_isolation_a_lock_that_comes_too_late_conflicts_and_never_oversells(
    endpoints: Endpoints, tmp_path: Path, strategy: str
) -> None:
    axes = Axes.model_validate({**SMALL.given, "isolation": "repeatable read", "workers": 2})
    with served_shop(strategy, endpoints, tmp_path / "shop.log", axes) as shop:
        shop.reset({"270": 20}, shoppers=60)
        answers = Counter(shop.at_once([(token, "mine", [("dunk-270", 1)]) for token in shop.tokens(60)]))
        left = shop.left("dunk-270")

    assert set(answers) <= {(201, ""), (409, "conflict"), (409, "sold_out")}
    assert answers[201, ""] == 20 - left > 0
