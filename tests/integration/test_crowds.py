"""Crowds at a served shop, each shopper on a connection of their own: what every strategy sells."""

from __future__ import annotations

from collections import Counter

import pytest

from reports.audit import audit
from tests.shops import PRICE_WON, ServedShop, ServedShopOf
from tests.shops.crowds import Stock, Visit, recorded
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


# Each may have two of a size and pays for two in all. They want one and then two more of one size, which is
# too many; or else two of the other, which they cannot pay. Some hang up; all send what they sent once more.
MODEST = Stock({"270": 50, "280": 50}, shoppers=30, balance_won=2 * PRICE_WON, limit=2)
MODEST_VISITS = [
    Visit(shopper, key, ((sku, quantity),), after_s, patience_s=0.01 if shopper % 3 == 0 else None)
    for shopper in range(MODEST.shoppers)
    for key, sku, quantity in (("one", "dunk-270", 1), ("more", "dunk-270", 2), ("other", "dunk-280", 2))
    for after_s in (shopper / 300, shopper / 300, 0.5 + shopper / 100)
]


@pytest.mark.parametrize("strategy", SAFE)
def test_no_refusal_of_limits_wallets_and_copies_is_called_untrue(
    shop_of: ServedShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)

    record = recorded(shop, MODEST, MODEST_VISITS)

    report = audit(record, MODEST.scenario, exact=shop.strategy.exact)
    assert report.violations == ()
    assert {"limit_reached", "insufficient_funds"} <= set(record.history["code"])
    assert record.history.filter(outcome="bought").height > len(record.books.orders)  # copies
