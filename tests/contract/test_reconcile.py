"""Redis set right from PostgreSQL, whatever was lost, expired or never said: nothing leaks or sells twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from harness.axes import Axes
from harness.servers import Endpoints
from system.settings import Settings
from system.stock import redis_stock
from tests.shops import ShopOf, TestShop, shop_in_process, until
from tests.strategies import IN_REDIS

in_redis = pytest.mark.parametrize("strategy", IN_REDIS)

SHORT_HOLDS = Axes(pool_size=5, hold_ttl_ms=200, buckets=1)


def reconcile(shop: TestShop) -> None:
    secrets = {"jwt_secret": "s" * 32, "admin_key": "s" * 32}
    servers = {"database_url": shop.database_url, "redis_url": shop.redis_url}
    asyncio.run(redis_stock.reconcile(Settings.model_validate(servers | secrets)))


@pytest.fixture
def short_holds(strategy: str, endpoints: Endpoints) -> Iterator[TestShop]:
    """A shop of its own whose holds last a fifth of a second."""
    with shop_in_process(strategy, endpoints, SHORT_HOLDS) as shop:
        shop.reset()
        yield shop


@in_redis
def test_a_shop_that_redis_forgot_sells_the_rest_and_keeps_the_limit(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 3}, limit=2)
    shop.buy(("dunk-270", 2), shopper=0)
    with shop.redis() as redis:
        redis.flushdb()

    codes = [
        shop.buy(("dunk-270", n), shopper=shopper).json().get("code", "bought")
        for shopper, n in ((0, 1), (1, 2), (1, 1), (2, 1))
    ]

    assert codes == ["limit_reached", "sold_out", "bought", "sold_out"]
    assert [row.redis_available for row in shop.at_rest().stock] == [0]


@in_redis
def test_a_redis_that_forgot_is_set_right_though_nobody_buys(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    with shop.redis() as redis:
        redis.flushdb()

    shop.until_redis_says({"dunk-270": 5, "dunk-280": 5})


def hold(redis: Redis, name: str, units: dict[str, int], expires_at_ms: float) -> None:
    """What is left of a worker that died after it had taken a hold."""
    for sku, n in units.items():
        redis.hincrby("dropday:stock", sku, -n)
        redis.hset("dropday:hold:" + name, sku, str(n))
    redis.zadd("dropday:holds", {name: expires_at_ms})


def until_sold(redis: Redis, name: str) -> None:
    until(lambda: redis.hgetall("dropday:hold:" + name) == {"sold": "1"}, "a hold that is sold")


def unconfirm(redis: Redis, name: str, units: dict[str, int]) -> None:
    """Leave the hold of an order that was sold as if nobody had told Redis of the sale."""
    until_sold(redis, name)
    redis.delete("dropday:hold:" + name)
    hold(redis, name, units, now_ms(redis) + 60_000)


def now_ms(redis: Redis) -> int:
    seconds, microseconds = redis.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


@in_redis
def test_a_hold_that_expired_goes_back_on_sale(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    with shop.redis() as redis:
        hold(redis, "7:lost", {"dunk-270": 2, "dunk-280": 1}, now_ms(redis) + 100)

    shop.until_redis_says({"dunk-270": 5, "dunk-280": 5})
    assert [row.reserved for row in shop.books().stock] == [0, 0]


@in_redis
def test_a_live_hold_stays_through_a_reconcile_and_one_that_was_sold_does_not(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.buy(("dunk-270", 1), shopper=3, key="sold: and confirmed by nobody")
    with shop.redis() as redis:
        unconfirm(redis, "3:sold: and confirmed by nobody", {"dunk-270": 1})
        hold(redis, "4:undecided", {"dunk-280": 2}, now_ms(redis) + 60_000)

    reconcile(shop)
    reconcile(shop)

    books = shop.books()
    assert [(row.available, row.redis_available, row.reserved) for row in books.stock] == [
        (4, 4, 0),
        (5, 3, 2),
    ]


@in_redis
def test_who_bought_gets_the_answer_again_though_the_hold_was_never_confirmed(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    bought = shop.buy(("dunk-270", 1), key="mine")
    with shop.redis() as redis:
        unconfirm(redis, "0:mine", {"dunk-270": 1})

    before = shop.order(("dunk-270", 1), key="mine")
    reconcile(shop)
    after = shop.order(("dunk-270", 1), key="mine")

    assert bought.content == before.content == after.content
    assert [row.redis_available for row in shop.books().stock] == [4, 5]


@in_redis
def test_an_order_that_was_sold_is_known_to_redis_so_that_a_copy_holds_no_units(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    bought = shop.buy(("dunk-270", 1), key="mine")
    with shop.redis() as redis:
        until_sold(redis, "0:mine")
        assert 0 < redis.pttl("dropday:hold:0:mine") <= 60_000

        copy = shop.order(("dunk-270", 1), key="mine")

        assert copy.content == bought.content
        assert redis.hgetall("dropday:hold:0:mine") == {"sold": "1"}  # a hold that is released leaves nothing
    assert [row.redis_available for row in shop.books().stock] == [4, 5]


@pytest.mark.parametrize("strategy", ["redis_hold"])
def test_an_order_placed_after_its_hold_expired_is_counted_once(short_holds: TestShop) -> None:
    with ThreadPoolExecutor(1) as other:
        with short_holds.stock_locked():
            order = other.submit(short_holds.order, ("dunk-270", 2))
            with short_holds.redis() as redis:
                until(lambda: bool(redis.zcount("dropday:holds", 0, now_ms(redis))), "an expired hold")
        assert order.result().status_code == 201

    short_holds.until_redis_says({"dunk-270": 3, "dunk-280": 5})
    assert [(row.available, row.reserved) for row in short_holds.books().stock] == [(3, 0), (5, 0)]


@pytest.mark.parametrize("strategy", ["redis_queue"])
def test_an_order_accepted_and_never_queued_is_decided(short_holds: TestShop) -> None:
    with short_holds.database() as ask, short_holds.redis() as redis:
        hold(redis, "1:unheard", {"dunk-270": 1}, now_ms(redis) + 60_000)
        ask(
            "INSERT INTO intake (shopper, key, fingerprint, skus, quantities, accepted_at)"
            " VALUES (1, 'unheard', 'f', '{dunk-270}', '{1}', now() - interval '3 s')"
        )

    books = short_holds.at_rest()
    assert [(row.status, row.key) for row in books.decisions] == [(201, "unheard")]
    short_holds.until_redis_says({"dunk-270": 4, "dunk-280": 5})
    assert [row.reserved for row in short_holds.books().stock] == [0, 0]


def test_a_reconcile_that_failed_is_made_up_for(shop_of: ShopOf) -> None:
    shop = shop_of("redis_hold")
    with ThreadPoolExecutor(1) as other, shop.redis() as redis:
        with shop.stock_locked():
            order = other.submit(shop.order, ("dunk-270", 1), key="mine")
            until(lambda: bool(redis.zcard("dropday:holds")), "a hold")
            redis.hset("dropday:stock", "dunk-270", 1)
            redis.delete("dropday:holds", "dropday:hold:0:mine")
            redis.set("dropday:holds", "what no script can work with")
            redis.config_resetstat()
        assert order.result().status_code == 201
        until(lambda: "errorstat_WRONGTYPE" in redis.info("errorstats"), "a reconcile that failed")
        redis.delete("dropday:holds")

    shop.until_redis_says({"dunk-270": 4, "dunk-280": 5})


@in_redis
def test_a_restock_is_on_sale_in_redis_too_and_holds_stay_held(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    with shop.redis() as redis:
        hold(redis, "4:undecided", {"dunk-270": 2}, now_ms(redis) + 60_000)

    shop.restock("dunk-270", 10).raise_for_status()

    assert shop.in_redis() == {"dunk-270": 13, "dunk-280": 5}
