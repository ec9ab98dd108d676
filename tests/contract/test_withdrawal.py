"""A warm-up that is withdrawn leaves the books as if it had not been, under every strategy."""

from __future__ import annotations

import pytest

from harness.strategies import known
from tests.shops import PRICE_WON, ShopOf, TestShop

CROWD = 10


def stocked(shop: TestShop) -> None:
    """Two products, and shoppers of whom the last ten are there for the warm-up."""
    products = [
        {"id": name, "name": name, "price_won": PRICE_WON, "sizes": [{"size": "270", "units": 5}], "limit": 2}
        for name in ("dunk", "warm-up")
    ]
    seed = {"products": products, "shoppers": 2 * CROWD, "balance_won": 1_000_000}
    shop.admin("/admin/reset", seed).raise_for_status()


@pytest.mark.parametrize("strategy", [one.name for one in known()])
def test_nothing_of_a_warm_up_is_left(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    stocked(shop)
    assert shop.buy(("dunk-270", 1), shopper=0).json().get("code", "bought") == "bought"
    for shopper in (CROWD, CROWD + 1):
        assert shop.buy(("warm-up-270", 2), shopper=shopper).json().get("code", "bought") == "bought"
    assert shop.buy(("warm-up-270", 2), shopper=CROWD + 2).json()["code"] == "sold_out"

    shop.admin("/admin/withdraw", {"product": "warm-up", "first_shopper": CROWD}).raise_for_status()

    books = shop.at_rest()
    assert [(row.sku, row.initial, row.available) for row in books.stock] == [("dunk-270", 5, 4)]
    assert {row.redis_available for row in books.stock} <= {None, 4}
    assert [(order.shopper, order.total_won) for order in books.orders] == [(0, PRICE_WON)]
    assert list(books.wallets.shopper) == list(range(CROWD))
    assert {key.shopper for key in books.keys} | {row.shopper for row in books.decisions} == {0}
    assert [product["id"] for product in shop.http.get("/products").json()] == ["dunk"]


@pytest.mark.parametrize("strategy", [one.name for one in known()])
def test_after_a_withdrawal_the_rest_is_sold_to_the_last_unit(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    stocked(shop)
    shop.buy(("warm-up-270", 1), shopper=CROWD)

    shop.admin("/admin/withdraw", {"product": "warm-up", "first_shopper": CROWD}).raise_for_status()

    codes = [shop.buy(("dunk-270", 1), shopper=n).json().get("code", "bought") for n in range(6)]
    assert codes == ["bought"] * 5 + ["sold_out"]
    assert shop.buy(("warm-up-270", 1), shopper=0).json()["code"] == "unknown_sku"
