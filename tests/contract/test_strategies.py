"""Every strategy on a real database: what it sells, what it refuses, and what many at once make of it."""

from __future__ import annotations

import re
from collections import Counter

import asyncpg
import pytest

from tests.shops import PRICE_WON, ShopOf, TestShop
from tests.strategies import ALL, IN_REDIS, MAY_CONFLICT, SAFE

every_strategy = pytest.mark.parametrize("strategy", ALL)
every_safe_strategy = pytest.mark.parametrize("strategy", SAFE)


def sold(shop: TestShop) -> int:
    return sum(line.quantity for order in shop.books().orders for line in order.lines)


def until_the_board_shows(shop: TestShop, sku: str) -> None:
    """Ask until the answer comes from the sold-out board."""
    while "board" not in shop.order((sku, 1), shopper=19).headers["server-timing"]:
        pass


@every_strategy
def test_one_order_after_another_sells_the_stock_and_no_more(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)

    codes = [shop.buy(("dunk-270", 1), shopper=n).json().get("code", "bought") for n in range(7)]

    assert codes == ["bought"] * 5 + ["sold_out"] * 2
    assert (sold(shop), shop.left("dunk-270")) == (5, 0)


@every_strategy
def test_a_cart_is_bought_whole_or_not_at_all(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 5, "280": 1})

    first = shop.buy(("dunk-270", 2), ("dunk-280", 1), shopper=0)
    second = shop.buy(("dunk-270", 2), ("dunk-280", 1), shopper=1)

    assert first.json()["total_won"] == 3 * PRICE_WON
    assert (second.status_code, second.json()["sku"]) == (409, "dunk-280")
    assert shop.left("dunk-270") == 3
    assert shop.balance(shopper=1) == 1_000_000


@every_strategy
def test_a_refusal_after_the_stock_was_looked_at_gives_everything_back(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.reset(balance_won=PRICE_WON - 1)

    assert shop.buy(("dunk-270", 1)).json()["code"] == "insufficient_funds"
    assert shop.buy(("dunk-999", 1)).json()["code"] == "unknown_sku"

    books = shop.at_rest()
    assert [row.available for row in books.stock] == [5, 5]
    assert [row.redis_available for row in books.stock] == ([5, 5] if strategy in IN_REDIS else [None] * 2)
    assert books.keys == ()


@every_strategy
def test_the_buyer_of_the_last_unit_gets_the_same_answer_again(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 1})
    bought = shop.buy(("dunk-270", 1), key="mine")

    at_once = shop.order(("dunk-270", 1), key="mine")
    until_the_board_shows(shop, "dunk-270")
    later = shop.order(("dunk-270", 1), key="mine")

    assert bought.content == at_once.content == later.content
    assert at_once.headers["idempotency-replayed"] == later.headers["idempotency-replayed"] == "true"
    assert len(shop.books().orders) == 1


@every_strategy
def test_a_key_that_was_used_cannot_stand_for_another_cart(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.buy(("dunk-270", 1), key="mine")

    other = shop.buy(("dunk-280", 1), key="mine")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert [row.available for row in shop.at_rest().stock] == [4, 5]


@every_strategy
def test_a_restock_takes_the_sold_out_flag_down(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 1})
    shop.buy(("dunk-270", 1))
    until_the_board_shows(shop, "dunk-270")

    restocked = shop.restock("dunk-270", 2)

    assert restocked.json() == {"sku": "dunk-270", "available": 2}
    assert shop.buy(("dunk-270", 1), shopper=3).json()["state"] == "paid"


@every_strategy
def test_copies_of_the_order_for_the_last_unit_never_hear_that_it_is_gone(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 1})
    [token] = shop.tokens(1)

    answers = shop.at_once([(token, "same", [("dunk-270", 1)])] * 30)

    assert set(answers) <= {(201, ""), (409, "key_in_progress"), (409, "conflict")}
    assert shop.order(("dunk-270", 1), key="same").status_code == 201


@every_strategy
def test_one_key_sent_many_times_at_once_makes_one_order(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    [token] = shop.tokens(1)

    answers = shop.at_once([(token, "same", [("dunk-270", 1)])] * 30)

    assert set(answers) <= {(201, ""), (409, "key_in_progress"), (409, "conflict")}
    assert (201, "") in answers
    assert (409, "conflict") not in answers or strategy in MAY_CONFLICT
    assert len(shop.books().orders) == 1
    assert shop.balance() == 1_000_000 - PRICE_WON
    assert [row.available for row in shop.at_rest().stock] == [4, 5]


def test_an_order_that_holds_units_on_the_ledger_holds_no_more_when_it_is_sent_again(shop_of: ShopOf) -> None:
    shop = shop_of("reservation_ledger")
    [token] = shop.tokens(1)
    with shop.database() as ask:
        ask("SELECT reserve(0, 'mine', '{dunk-270}', '{4}', 60000)")

        copies = shop.at_once([(token, "mine", [("dunk-270", 4)])] * 5)
        another = shop.order(("dunk-270", 1), shopper=1)

    assert set(copies) == {(409, "key_in_progress")}
    assert another.status_code == 201
    assert shop.order(("dunk-270", 1), shopper=1).json()["code"] == "sold_out"


def test_a_copy_of_an_order_that_was_sold_on_the_ledger_holds_nothing_and_gets_its_answer(
    shop_of: ShopOf,
) -> None:
    shop = shop_of("reservation_ledger")
    bought = shop.order(("dunk-270", 4), key="mine")

    copy = shop.order(("dunk-270", 4), key="mine")  # of which there are no more

    assert (copy.status_code, copy.content) == (201, bought.content)
    assert re.findall(r"(\w+);dur=", copy.headers["server-timing"])[-1] == "kept_answer"
    with shop.database() as ask:
        assert [row["state"] for row in ask("SELECT state FROM reservations")] == ["sold"]
        with pytest.raises(asyncpg.PostgresError) as refused:
            ask("SELECT reserve(0, 'mine', '{dunk-270}', '{1}', 60000)")
    assert refused.value.sqlstate == "DD004"


def test_an_order_whose_hold_has_expired_can_be_sent_again(shop_of: ShopOf) -> None:
    shop = shop_of("reservation_ledger")
    with shop.database() as ask:
        ask("SELECT reserve(0, 'mine', '{dunk-270}', '{4}', 0)")

    assert shop.order(("dunk-270", 4), key="mine").status_code == 201
    assert shop.left("dunk-270") == 1


@every_strategy
def test_nobody_gets_more_than_the_limit_in_all_orders_together(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset(limit=2)

    codes = [
        shop.buy(*lines, key=key).json().get("code", "bought")
        for key, lines in (
            ("a", [("dunk-270", 3)]),
            ("b", [("dunk-270", 1)]),
            ("b", [("dunk-270", 1)]),
            ("c", [("dunk-270", 2)]),
            ("d", [("dunk-280", 2), ("dunk-270", 1)]),
            ("e", [("dunk-270", 1)]),
            ("d", [("dunk-280", 2), ("dunk-270", 1)]),
        )
    ]
    another = shop.buy(("dunk-270", 2), shopper=1)

    assert codes == [
        "limit_reached",
        "bought",
        "bought",
        "limit_reached",
        "bought",
        "limit_reached",
        "bought",
    ]
    assert another.json()["state"] == "paid"
    assert [row.available for row in shop.at_rest().stock] == [1, 3]


@every_strategy
def test_two_orders_of_one_shopper_at_once_do_not_pass_the_limit_together(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 50}, shoppers=10, limit=1)
    orders = [(token, f"key-{n}", [("dunk-270", 1)]) for token in shop.tokens(10) for n in range(4)]

    answers = Counter(shop.at_once(orders))

    bought = Counter(order.shopper for order in shop.books().orders)
    assert set(bought.values()) == {1}
    assert answers[201, ""] == len(bought) <= 10
    assert answers[409, "limit_reached"] + answers[409, "conflict"] == 40 - len(bought)
    assert len(bought) == 10 or strategy in MAY_CONFLICT


@every_safe_strategy
def test_carts_that_want_the_same_two_sizes_in_either_order_never_deadlock(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 200, "280": 200}, shoppers=200)
    there, back = [("dunk-270", 1), ("dunk-280", 1)], [("dunk-280", 1), ("dunk-270", 1)]
    orders = [(token, "cart", there if n % 2 else back) for n, token in enumerate(shop.tokens(200))]

    answers = Counter(shop.at_once(orders))

    assert set(answers) <= {(201, ""), (409, "conflict")}
    assert answers[409, "conflict"] == 0 or strategy in MAY_CONFLICT
    assert shop.left("dunk-270") == shop.left("dunk-280") == 200 - answers[201, ""]


SPANS = {
    "no_lock": ["pool", "read_stock", "place_order"],
    "check_then_decrement": ["pool", "read_stock", "place_order"],
    "conditional_update": ["pool", "place_order"],
    "pessimistic_lock": ["pool", "begin", "lock_row", "place_order", "commit"],
    "optimistic_lock": ["pool", "read_stock", "place_order"],
    "snapshot": ["pool", "begin", "read_stock", "place_order", "commit"],
    "serializable": ["pool", "begin", "read_stock", "place_order", "commit"],
    "advisory_lock": ["pool", "begin", "advisory_lock", "read_stock", "place_order", "commit"],
    "unit_rows": ["pool", "begin", "lock_row", "place_order", "commit"],
    "bucketed_stock": ["pool", "place_order"],
    "reservation_ledger": ["pool", "begin", "lock_row", "reserve", "commit", "pool", "place_order"],
    "redis_lock": ["pool", "begin", "redis_lock", "read_stock", "place_order", "redis_unlock", "commit"],
    "redis_fenced_lock": ["redis_lock", "pool", "read_stock", "place_order", "redis_unlock"],
    "redis_hold": ["redis_hold", "pool", "place_order", "redis_confirm"],
    "redis_queue": ["redis_hold", "journal", "redis_enqueue"],
    "single_writer": ["journal"],
    "micro_batch": ["batch"],
}


@every_strategy
def test_every_order_reports_its_spans_in_order(shop_of: ShopOf, strategy: str) -> None:
    header = shop_of(strategy).order(("dunk-270", 1)).headers["server-timing"]

    assert re.findall(r"(\w+);dur=\d+\.\d+", header) == SPANS[strategy]
