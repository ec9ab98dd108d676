"""Every strategy on a real database: what it sells, what it refuses, and what a crowd at once makes of it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from tests.integration.conftest import ShopOf
from tests.integration.shops import PRICE_WON, TestShop, send_at_once

ALL = ("no_lock", "conditional_update", "pessimistic_lock", "optimistic_lock", "redis_hold")
SAFE = ALL[1:]

every_strategy = pytest.mark.parametrize("strategy", ALL)
every_safe_strategy = pytest.mark.parametrize("strategy", SAFE)


def sold(shop: TestShop) -> int:
    return sum(line.quantity for order in shop.books().orders for line in order.lines)


def until_the_board_shows(shop: TestShop, sku: str) -> None:
    """Ask until the answer comes from the sold-out board."""
    while "board" not in shop.order((sku, 1), shopper=19).headers["server-timing"]:
        pass


def test_the_registry_says_which_strategies_are_safe() -> None:
    listed = json.loads(subprocess.check_output([sys.executable, "-m", "system", "strategies"]))

    assert tuple(listed) == ALL
    assert tuple(name for name, traits in listed.items() if traits["safe"]) == SAFE


@every_strategy
def test_one_order_after_another_sells_the_stock_and_no_more(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)

    codes = [shop.order(("dunk-270", 1), shopper=n).json().get("code", "bought") for n in range(7)]

    assert codes == ["bought"] * 5 + ["sold_out"] * 2
    assert (sold(shop), shop.left("dunk-270")) == (5, 0)


@every_strategy
def test_a_cart_is_bought_whole_or_not_at_all(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 5, "280": 1})

    first = shop.order(("dunk-270", 2), ("dunk-280", 1), shopper=0)
    second = shop.order(("dunk-270", 2), ("dunk-280", 1), shopper=1)

    assert first.status_code == 201
    assert (second.status_code, second.json()["sku"]) == (409, "dunk-280")
    assert shop.left("dunk-270") == 3
    assert shop.balance(shopper=1) == 1_000_000


@every_strategy
def test_a_refusal_after_the_stock_was_looked_at_gives_everything_back(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.reset(balance_won=PRICE_WON - 1)

    assert shop.order(("dunk-270", 1)).json()["code"] == "insufficient_funds"
    assert shop.order(("dunk-999", 1)).json()["code"] == "unknown_sku"

    books = shop.books()
    assert [row.available for row in books.stock] == [5, 5]
    assert [row.redis_available for row in books.stock] == (
        [5, 5] if strategy == "redis_hold" else [None] * 2
    )
    assert all(row.reserved == 0 for row in books.stock)
    assert books.keys == ()


@every_strategy
def test_the_buyer_of_the_last_unit_gets_the_same_answer_again(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 1})
    bought = shop.order(("dunk-270", 1), key="mine")

    at_once = shop.order(("dunk-270", 1), key="mine")
    until_the_board_shows(shop, "dunk-270")
    later = shop.order(("dunk-270", 1), key="mine")

    assert bought.content == at_once.content == later.content
    assert len(shop.books().orders) == 1


@every_strategy
def test_a_restock_takes_the_sold_out_flag_down(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 1})
    shop.order(("dunk-270", 1))
    until_the_board_shows(shop, "dunk-270")

    restocked = shop.admin("/admin/restock", {"sku": "dunk-270", "units": 2})

    assert restocked.json() == {"sku": "dunk-270", "available": 2}
    assert shop.order(("dunk-270", 1), shopper=3).status_code == 201


@every_strategy
def test_one_key_sent_many_times_at_once_makes_one_order(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    [token] = shop.tokens(1)

    answers = asyncio.run(send_at_once(shop, [(token, "same", [("dunk-270", 1)])] * 30))

    assert set(answers) <= {(201, ""), (409, "key_in_progress")}
    assert (201, "") in answers
    assert len(shop.books().orders) == 1
    assert shop.balance() == 1_000_000 - PRICE_WON


@every_safe_strategy
def test_5000_orders_at_once_for_100_units_sell_exactly_100(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 100}, shoppers=5_000)
    orders = [(token, f"order-{n}", [("dunk-270", 1)]) for n, token in enumerate(shop.tokens(5_000))]

    answers = Counter(asyncio.run(send_at_once(shop, orders)))

    assert answers[201, ""] == sold(shop) == 100
    assert set(answers) <= {(201, ""), (409, "sold_out"), (409, "conflict")}
    assert shop.left("dunk-270") == 0
    keys = [order.key for order in shop.books().orders]
    assert len(set(keys)) == len(keys) == 100


@every_safe_strategy
def test_carts_that_want_the_same_two_sizes_in_either_order_never_deadlock(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 200, "280": 200}, shoppers=200)
    there, back = [("dunk-270", 1), ("dunk-280", 1)], [("dunk-280", 1), ("dunk-270", 1)]
    orders = [(token, "cart", there if n % 2 else back) for n, token in enumerate(shop.tokens(200))]

    answers = Counter(asyncio.run(send_at_once(shop, orders)))

    assert set(answers) <= {(201, ""), (409, "conflict")}
    assert answers[409, "conflict"] == 0 or strategy == "optimistic_lock"
    assert shop.left("dunk-270") == shop.left("dunk-280") == 200 - answers[201, ""]


def test_without_a_lock_a_crowd_buys_more_than_there_is(shop_of: ShopOf) -> None:
    shop = shop_of("no_lock")
    shop.reset({"270": 100}, shoppers=2_000)
    orders = [(token, f"order-{n}", [("dunk-270", 1)]) for n, token in enumerate(shop.tokens(2_000))]

    answers = Counter(asyncio.run(send_at_once(shop, orders)))

    assert answers[201, ""] == sold(shop) > 100


SPANS = {
    "no_lock": ["pool", "read_stock", "place_order"],
    "conditional_update": ["pool", "place_order"],
    "pessimistic_lock": ["pool", "begin", "lock_row", "place_order", "commit"],
    "optimistic_lock": ["pool", "read_stock", "place_order"],
    "redis_hold": ["redis_hold", "pool", "place_order", "redis_confirm"],
}


@every_strategy
def test_every_order_reports_its_spans_in_order(shop_of: ShopOf, strategy: str) -> None:
    header = shop_of(strategy).order(("dunk-270", 1)).headers["server-timing"]

    assert re.findall(r"(\w+);dur=\d+\.\d+", header) == SPANS[strategy]
