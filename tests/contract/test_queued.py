"""Orders that are queued: what their shoppers are told, and that each is decided once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from tests.shops import PRICE_WON, ShopOf
from tests.strategies import QUEUED

every_queued_strategy = pytest.mark.parametrize("strategy", QUEUED)


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
def test_a_crowd_that_sends_every_key_twice_gets_one_answer_each(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 50}, shoppers=100)
    orders = [(token, "mine", [("dunk-270", 1)]) for token in shop.tokens(100) for _ in range(2)]

    answers = shop.at_once(orders)

    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    assert len(shop.at_rest().orders) == 50
    assert sum((201, "") in pair for pair in pairs) == 50
    assert all(set(pair) <= {(201, ""), (409, "key_in_progress")} or pair == ((409, "sold_out"),) * 2
               for pair in pairs)  # fmt: skip
