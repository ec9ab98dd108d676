"""Orders that are queued: what their shoppers are told, and that each is decided once, whoever dies."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from harness.servers import Endpoints
from tests.integration.conftest import ShopOf
from tests.integration.shops import PRICE_WON, TestShop, send_at_once, shop_with
from tests.integration.test_strategies import QUEUED

every_queued_strategy = pytest.mark.parametrize("strategy", QUEUED, scope="module")

SHOPPERS = 30
UNITS = 20
OURS = "datname = current_database()"
BLOCKED = f"SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {OURS}"  # noqa: S608
STANDBY = f"SELECT count(*) > 0 FROM pg_stat_activity WHERE query ~ '^SELECT pg_try_advisory_lock' AND {OURS}"  # noqa: S608


@pytest.fixture
def fragile_shop(strategy: str, endpoints: Endpoints, tmp_path: Path) -> Iterator[TestShop]:
    """A shop of its own for a test that kills parts of it."""
    with shop_with(strategy, endpoints, tmp_path / "shop.log") as shop:
        shop.reset({"270": UNITS}, shoppers=SHOPPERS)
        yield shop


def queue_one_each(shop: TestShop) -> None:
    answers = [shop.order(("dunk-270", 1), shopper=n, key="mine").status_code for n in range(SHOPPERS)]
    told = Counter(answers)
    assert told[202] >= UNITS
    assert told[202] + told[409] == SHOPPERS  # Redis knows at once when all is held


def kill_consumer(shop: TestShop) -> None:
    assert shop.shop.consumer
    shop.shop.consumer.popen.kill()
    shop.shop.consumer.popen.wait()


def assert_all_decided_once(shop: TestShop) -> None:
    books = shop.at_rest()
    bought = [order.shopper for order in books.orders]
    assert len(set(bought)) == len(bought) == UNITS
    assert [(row.available, row.reserved) for row in books.stock] == [(0, 0)]
    assert {row.redis_available for row in books.stock} <= {None, 0}
    placed = {row.shopper for row in books.decisions if row.status == 201}
    assert placed == set(bought)
    assert {row.code for row in books.decisions if row.status != 201} <= {"sold_out"}
    wallets = books.wallets
    assert all(
        balance_won == 1_000_000 - PRICE_WON * bought.count(shopper)
        for shopper, balance_won in zip(wallets.shopper, wallets.balance_won, strict=True)
    )


@every_queued_strategy
def test_an_order_is_accepted_and_later_read_where_the_answer_says(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)

    with shop.stock_locked():
        accepted = shop.order(("dunk-270", 1), key="mine")
        undecided = shop.decision(accepted, wait_s=0)
        still = shop.decision(accepted, wait_s=1)
    decided = shop.decision(accepted)
    again = shop.order(("dunk-270", 1), key="mine")

    assert accepted.status_code == undecided.status_code == still.status_code == 202
    assert accepted.json() == undecided.json() == {"state": "queued", "key": "mine"}
    assert accepted.headers["location"] == still.headers["location"] == "/orders/queued/mine"
    assert (decided.status_code, decided.json()["state"]) == (200, "paid")
    assert (again.status_code, again.content) == (201, decided.content)
    assert again.headers["idempotency-replayed"] == "true"


@every_queued_strategy
def test_nobody_reads_what_became_of_anothers_order(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    accepted = shop.order(("dunk-270", 1), shopper=0, key="mine")

    theirs = shop.decision(accepted, shopper=1)
    nobodys = shop.http.get("/orders/queued/unheard-of", headers=shop.bearer())

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["code"] == nobodys.json()["code"] == "not_found"


@every_queued_strategy
def test_a_key_of_any_characters_can_be_asked_for(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)

    answer = shop.buy(("dunk-270", 1), key='a/b?c=d&e%20f "g" #h')

    assert (answer.status_code, answer.json()["state"]) == (200, "paid")


def test_who_waits_for_a_key_that_was_decided_and_came_again_is_told(shop_of: ShopOf) -> None:
    shop = shop_of("single_writer")
    bought = shop.buy(("dunk-270", 1), key="mine")
    with shop.database() as ask, ThreadPoolExecutor(1) as other:
        ask("BEGIN")
        ask("SELECT FROM stock FOR UPDATE")
        accepted = shop.order(("dunk-280", 1), key="other")
        ask(  # as when it was sent again while its order was being committed
            "INSERT INTO intake (shopper, key, fingerprint, skus, quantities)"
            " SELECT shopper, key, fingerprint, '{dunk-270}', '{1}' FROM idempotency_keys WHERE key = 'mine'"
        )
        waiting = other.submit(
            shop.http.get, "/orders/queued/mine", headers=shop.bearer() | {"prefer": "wait=20"}
        )
        ask("COMMIT")

    assert (waiting.result().status_code, waiting.result().content) == (200, bought.content)
    assert shop.decision(accepted).status_code == 200
    assert len(shop.at_rest().orders) == 2


@every_queued_strategy
def test_a_refusal_is_what_the_shopper_gets_and_its_units_come_back(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset(balance_won=PRICE_WON - 1)

    refused = shop.buy(("dunk-270", 1), key="mine")

    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_funds")
    assert refused.headers["content-type"] == "application/problem+json"
    books = shop.at_rest()
    assert [row.available for row in books.stock] == [5, 5]
    assert {row.redis_available for row in books.stock} <= {None, 5}


@every_queued_strategy
def test_a_key_that_was_refused_can_be_sent_again(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset(balance_won=PRICE_WON - 1)
    shop.buy(("dunk-270", 1), key="mine")
    charge = shop.bearer() | {"idempotency-key": "charge"}
    shop.http.post("/wallet/charges", json={"amount_won": 1_000}, headers=charge).raise_for_status()

    answer = shop.buy(("dunk-270", 1), key="mine")

    assert (answer.status_code, answer.json()["state"]) == (200, "paid")
    assert [(row.status, row.code) for row in shop.at_rest().decisions] == [(201, "")]


def test_a_refused_order_that_is_delivered_again_stays_refused(shop_of: ShopOf) -> None:
    shop = shop_of("redis_queue")
    shop.reset(balance_won=PRICE_WON)
    with Redis.from_url(shop.redis_url) as redis, shop.stock_locked():
        shop.order(("dunk-270", 2), key="refused")
        [(_, entry)] = redis.xrange("dropday:queue")
        redis.xadd("dropday:queue", entry)
    shop.at_rest()
    charge = shop.bearer() | {"idempotency-key": "charge"}
    shop.http.post("/wallet/charges", json={"amount_won": PRICE_WON}, headers=charge).raise_for_status()

    with Redis.from_url(shop.redis_url) as redis:
        redis.xadd("dropday:queue", entry)
    shop.buy(("dunk-280", 1), shopper=1)  # which comes after it in the queue

    books = shop.at_rest()
    assert [order.shopper for order in books.orders] == [1]
    assert [row.redis_available for row in books.stock] == [5, 4]


@every_queued_strategy
def test_a_consumer_killed_in_mid_batch_leaves_every_order_to_the_next(
    fragile_shop: TestShop, tmp_path: Path
) -> None:
    with fragile_shop.stock_locked():
        queue_one_each(fragile_shop)
        fragile_shop.until(BLOCKED)
        kill_consumer(fragile_shop)

    with fragile_shop.another_consumer(tmp_path / "another.log"):
        assert_all_decided_once(fragile_shop)


@pytest.mark.parametrize("strategy", ["redis_queue"])
def test_a_consumer_killed_between_its_commit_and_redis_has_no_second_effect(
    fragile_shop: TestShop, tmp_path: Path
) -> None:
    with Redis.from_url(fragile_shop.redis_url) as redis:
        with fragile_shop.stock_locked():
            queue_one_each(fragile_shop)
            fragile_shop.until(BLOCKED)
            redis.execute_command("CLIENT", "PAUSE", 20_000, "WRITE")
        fragile_shop.until("SELECT count(*) > 0 FROM decisions")
        kill_consumer(fragile_shop)
        redis.client_unpause()

    with fragile_shop.another_consumer(tmp_path / "another.log"):
        assert_all_decided_once(fragile_shop)


@every_queued_strategy
def test_a_second_consumer_waits_until_the_first_is_gone(fragile_shop: TestShop, tmp_path: Path) -> None:
    fragile_shop.buy(("dunk-270", 1)).raise_for_status()
    with fragile_shop.another_consumer(tmp_path / "standby.log") as standby:
        fragile_shop.until(STANDBY)
        kill_consumer(fragile_shop)

        taken_over = fragile_shop.buy(("dunk-270", 1), shopper=1)
        standby.popen.send_signal(signal.SIGTERM)
        standby.await_end(within_s=20)

    assert (taken_over.status_code, taken_over.json()["state"]) == (200, "paid")


@every_queued_strategy
def test_a_standby_that_is_told_to_end_does_not_wait(fragile_shop: TestShop, tmp_path: Path) -> None:
    fragile_shop.buy(("dunk-270", 1)).raise_for_status()
    with fragile_shop.another_consumer(tmp_path / "standby.log") as standby:
        fragile_shop.until(STANDBY)
        standby.popen.send_signal(signal.SIGTERM)
        standby.await_end(within_s=20)

    assert fragile_shop.buy(("dunk-270", 1), shopper=1).json()["state"] == "paid"


@every_queued_strategy
def test_a_consumer_told_to_end_works_off_the_queue_first(fragile_shop: TestShop) -> None:
    assert fragile_shop.shop.consumer
    with fragile_shop.stock_locked():
        queue_one_each(fragile_shop)
        fragile_shop.shop.consumer.popen.send_signal(signal.SIGTERM)

    fragile_shop.shop.consumer.await_end(within_s=20)
    assert_all_decided_once(fragile_shop)


@pytest.mark.parametrize("strategy", ["redis_queue"])
def test_a_consumer_told_to_end_brings_back_what_redis_forgot(fragile_shop: TestShop) -> None:
    assert fragile_shop.shop.consumer
    with fragile_shop.stock_locked():
        queue_one_each(fragile_shop)
        fragile_shop.until(BLOCKED)
        with Redis.from_url(fragile_shop.redis_url) as redis:
            redis.flushdb()
        fragile_shop.shop.consumer.popen.send_signal(signal.SIGTERM)

    fragile_shop.shop.consumer.await_end(within_s=20)
    assert fragile_shop.books().intake == ()
    fragile_shop.buy(("dunk-270", 1))  # sold out
    assert_all_decided_once(fragile_shop)


@every_queued_strategy
def test_a_crowd_that_sends_every_key_twice_gets_one_answer_each(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 50}, shoppers=100)
    orders = [(token, "mine", [("dunk-270", 1)]) for token in shop.tokens(100) for _ in range(2)]

    answers = asyncio.run(send_at_once(shop, orders))

    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    assert len(shop.at_rest().orders) == 50
    assert sum((201, "") in pair for pair in pairs) == 50
    assert all(set(pair) <= {(201, ""), (409, "key_in_progress")} or pair == ((409, "sold_out"),) * 2
               for pair in pairs)  # fmt: skip
