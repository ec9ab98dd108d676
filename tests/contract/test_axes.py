"""The axes of the system do what they say."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.shops import PRICE_WON, ShopSetUp, TestShop

WAITS_FOR_LOCK = (
    "SELECT count(*) > 0 FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def crowd(shop: TestShop, *, units: int = 20, shoppers: int = 60) -> Counter[tuple[int, str]]:
    shop.reset({"270": units}, shoppers=shoppers)
    orders = [(token, "mine", [("dunk-270", 1)]) for token in shop.tokens(shoppers)]
    return Counter(shop.at_once(orders))


def spans_of_one(shop: TestShop) -> list[str]:
    shop.reset()
    return re.findall(r"(\w+);dur=", shop.order(("dunk-270", 1)).headers["server-timing"])


def test_an_advisory_lock_with_an_old_snapshot_is_told_of_the_conflict(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("advisory_lock", isolation="repeatable read") as shop:
        shop.reset()
        with shop.database() as ask, ThreadPoolExecutor(1) as other:
            ask("BEGIN")
            ask("SELECT pg_advisory_xact_lock(hashtextextended('sku dunk-270', 0))")
            order = other.submit(shop.order, ("dunk-270", 1))
            shop.until(WAITS_FOR_LOCK)
            ask("UPDATE stock SET available = 0")
            ask("COMMIT")

        assert order.result().json()["code"] == "conflict"


@pytest.mark.parametrize("strategy", ["snapshot", "serializable"])
def test_without_the_isolation_that_they_need_they_are_no_better_than_no_lock(
    shop_set_up: ShopSetUp, strategy: str
) -> None:
    with shop_set_up(strategy, isolation="read committed") as shop:
        answers = crowd(shop, units=10, shoppers=200)

    assert answers[201, ""] > 10


@pytest.mark.parametrize("strategy", ["conditional_update", "pessimistic_lock", "unit_rows", "redis_hold"])
def test_the_stock_may_be_taken_first(shop_set_up: ShopSetUp, strategy: str) -> None:
    with shop_set_up(strategy, stock_statement="first") as shop:
        answers = crowd(shop)
        assert answers == {(201, ""): 20, (409, "sold_out"): 40}

        shop.reset(balance_won=PRICE_WON - 1)
        assert shop.order(("dunk-270", 1)).json()["code"] == "insufficient_funds"
        assert [row.available for row in shop.at_rest().stock] == [5, 5]


@pytest.mark.parametrize("lock", ["advisory_lock", "pessimistic_lock"])
def test_payment_may_come_before_the_lock(shop_set_up: ShopSetUp, lock: str) -> None:
    with shop_set_up(lock, payment="outside") as shop:
        answers = crowd(shop)
        assert answers == {(201, ""): 20, (409, "sold_out"): 40}
        wallets = shop.books().wallets
        assert set(wallets.balance_won) <= {1_000_000, 1_000_000 - PRICE_WON}
        assert max(wallets.ledger_won) <= 0
        assert sum(wallets.ledger_won) == -20 * PRICE_WON

        spans = spans_of_one(shop)
    assert spans.index("place_order") < spans.index("write_stock")
    assert spans.index("place_order") < spans.index("lock_row" if lock == "pessimistic_lock" else lock)


def test_unsorted_carts_deadlock_and_the_loser_is_told_of_a_conflict(shop_set_up: ShopSetUp) -> None:
    there, back = [("dunk-270", 1), ("dunk-280", 1)], [("dunk-280", 1), ("dunk-270", 1)]
    answers: Counter[tuple[int, str]] = Counter()
    with shop_set_up("pessimistic_lock", sort_carts=False, pool_size=8) as shop:
        shop.reset({"270": 400, "280": 400}, shoppers=400)
        tokens = shop.tokens(400)
        for key in range(20):
            # So few that all are decided in half a minute, if every second of them ends in a deadlock, which
            # takes the database a second to find: who waits longer for a connection is turned away.
            orders = [(token, f"{key}", there if n % 2 else back) for n, token in enumerate(tokens[:40])]
            answers += Counter(shop.at_once(orders))
            if answers[409, "conflict"]:
                break
        left = [row.available for row in shop.at_rest().stock]

    assert set(answers) == {(201, ""), (409, "conflict")}
    assert left == [400 - answers[201, ""]] * 2


def test_the_backstop_turns_the_controls_oversell_into_errors(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("check_then_decrement", backstops=True) as shop:
        answers = crowd(shop, units=10, shoppers=200)
        assert answers[201, ""] == 10 == 10 - shop.left("dunk-270")
        assert {status for status, _ in answers} <= {201, 409, 503}


def test_a_control_oversells_where_its_backstop_is_off(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("check_then_decrement") as shop:
        answers = crowd(shop, units=10, shoppers=200)
        assert shop.left("dunk-270") == 10 - answers[201, ""] < 0


def test_more_buckets_than_units_are_refused_when_the_shop_is_stocked(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("bucketed_stock", buckets=8) as shop:
        shop.reset({"270": 8})
        size = {"size": "270", "units": 7}
        product = {"id": "dunk", "name": "Dunk", "price_won": 1, "sizes": [size]}

        answer = shop.admin("/admin/reset", {"products": [product], "shoppers": 1, "balance_won": 1})

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert "dunk-270 has 7 units for 8 buckets (DROPDAY_BUCKETS)" in answer.json()["detail"]
        assert shop.left("dunk-270") == 8


def test_buckets_share_the_stock_and_are_emptied_to_the_last_unit(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("bucketed_stock", buckets=8) as shop:
        shop.reset({"270": 19})
        with shop.database() as ask:
            buckets = [row["available"] for row in ask("SELECT available FROM stock_buckets ORDER BY bucket")]
        answers = crowd(shop, units=19)

        assert buckets == [3, 3, 3, 2, 2, 2, 2, 2]
        assert answers == {(201, ""): 19, (409, "sold_out"): 41}


def test_a_lock_is_waited_for_no_longer_than_allowed(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("conditional_update", lock_timeout_ms=50) as shop:
        shop.reset()
        with shop.stock_locked():
            answer = shop.order(("dunk-270", 1), key="mine")
        again = shop.order(("dunk-270", 1), key="mine")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


def test_an_order_is_tried_as_often_as_allowed(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("optimistic_lock", tries=1) as shop:
        shop.reset()
        with shop.database() as ask, ThreadPoolExecutor(1) as other:
            ask("BEGIN")
            ask("UPDATE stock SET version = version + 1")
            order = other.submit(shop.order, ("dunk-270", 1))
            shop.until(WAITS_FOR_LOCK)
            ask("COMMIT")

        assert order.result().json()["code"] == "conflict"
        assert "1 times in a row" in order.result().json()["detail"]


def test_orders_within_a_batch_window_share_a_transaction(shop_set_up: ShopSetUp) -> None:
    with shop_set_up("micro_batch", batch_window_ms=300) as shop:
        answers = crowd(shop, units=30, shoppers=60)
        with shop.database() as ask:
            [row] = ask("SELECT count(DISTINCT xmin::text) AS transactions FROM orders")

    assert answers == {(201, ""): 30, (409, "sold_out"): 30}
    assert row["transactions"] <= 3
