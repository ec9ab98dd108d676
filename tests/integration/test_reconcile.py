"""Redis set right from PostgreSQL, whatever was lost, expired or never said: nothing leaks or sells twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from redis import Redis

from harness.axes import Axes
from harness.servers import Endpoints
from tests.integration.conftest import ShopOf
from tests.integration.crowds import Stock, Visit, audited
from tests.integration.shops import TestShop, shop_with, until
from tests.integration.test_strategies import IN_REDIS

in_redis = pytest.mark.parametrize("strategy", IN_REDIS, scope="module")

WAITS_FOR_LOCK = (
    "SELECT count(*) > 0 FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
SHORT_HOLDS = Axes(pool_size=5, hold_ttl_ms=200, buckets=1)


def redis_of(shop: TestShop) -> Redis:
    return Redis.from_url(shop.redis_url, decode_responses=True)


def reconcile(shop: TestShop) -> None:
    """`python -m system reconcile`."""
    servers = {"DROPDAY_DATABASE_URL": shop.database_url, "DROPDAY_REDIS_URL": shop.redis_url}
    subprocess.run([sys.executable, "-m", "system", "reconcile"], env=os.environ | servers, check=True)


def in_redis_now(shop: TestShop) -> dict[str, int]:
    with redis_of(shop) as redis:
        return {sku: int(units) for sku, units in redis.hgetall("dropday:stock").items()}


def until_redis_says(shop: TestShop, units: dict[str, int]) -> None:
    until(lambda: in_redis_now(shop) == units, f"{units} in Redis")


@pytest.fixture
def short_holds(strategy: str, endpoints: Endpoints, tmp_path: Path) -> Iterator[TestShop]:
    """A shop of its own whose holds last a fifth of a second."""
    with shop_with(strategy, endpoints, tmp_path / "shop.log", SHORT_HOLDS) as shop:
        shop.reset()
        yield shop


@in_redis
def test_redis_is_emptied_again_and_again_under_a_crowd(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    stock = Stock({"270": 40, "280": 30}, shoppers=60, limit=1)
    visits = [
        Visit(n, key, ((sku, 1),), after_s=n / 60 + later)
        for n in range(stock.shoppers)
        for key, sku, later in (("a", "dunk-270", 0.0), ("b", "dunk-280", 0.1), ("c", "dunk-270", 0.2))
    ]

    with ThreadPoolExecutor(1) as other, redis_of(shop) as redis:
        crowd = other.submit(audited, shop, stock, visits)
        while not crowd.done():
            redis.flushdb()
            try:
                crowd.result(timeout=0.25)
            except TimeoutError:
                continue

    assert crowd.result().violations == ()
    until_redis_says(shop, {row.sku: row.available for row in shop.books().stock})


@in_redis
def test_a_shop_that_redis_forgot_sells_the_rest_and_keeps_the_limit(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset({"270": 3}, limit=2)
    shop.buy(("dunk-270", 2), shopper=0)
    with redis_of(shop) as redis:
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
    with redis_of(shop) as redis:
        redis.flushdb()

    until_redis_says(shop, {"dunk-270": 5, "dunk-280": 5})


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
    with redis_of(shop) as redis:
        hold(redis, "7:lost", {"dunk-270": 2, "dunk-280": 1}, now_ms(redis) + 100)

    until_redis_says(shop, {"dunk-270": 5, "dunk-280": 5})
    assert [row.reserved for row in shop.books().stock] == [0, 0]


@in_redis
def test_a_live_hold_stays_through_a_reconcile_and_one_that_was_sold_does_not(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    shop.buy(("dunk-270", 1), shopper=3, key="sold: and confirmed by nobody")
    with redis_of(shop) as redis:
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
    with redis_of(shop) as redis:
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
    with redis_of(shop) as redis:
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
            with redis_of(short_holds) as redis:
                until(lambda: bool(redis.zcount("dropday:holds", 0, now_ms(redis))), "an expired hold")
        assert order.result().status_code == 201

    until_redis_says(short_holds, {"dunk-270": 3, "dunk-280": 5})
    assert [(row.available, row.reserved) for row in short_holds.books().stock] == [(3, 0), (5, 0)]


@pytest.mark.parametrize("strategy", ["redis_queue"])
def test_an_order_accepted_and_never_queued_is_decided(short_holds: TestShop) -> None:
    with short_holds.database() as ask, redis_of(short_holds) as redis:
        hold(redis, "1:unheard", {"dunk-270": 1}, now_ms(redis) + 60_000)
        ask(
            "INSERT INTO intake (shopper, key, fingerprint, skus, quantities, accepted_at)"
            " VALUES (1, 'unheard', 'f', '{dunk-270}', '{1}', now() - interval '3 s')"
        )

    books = short_holds.at_rest()
    assert [(row.status, row.key) for row in books.decisions] == [(201, "unheard")]
    until_redis_says(short_holds, {"dunk-270": 4, "dunk-280": 5})
    assert [row.reserved for row in short_holds.books().stock] == [0, 0]


def test_a_worker_killed_between_commit_and_confirm_leaks_nothing(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    with shop_with("redis_hold", endpoints, tmp_path / "shop.log", Axes(pool_size=2, workers=2)) as shop:
        shop.until(
            "SELECT count(*) >= 2 FROM pg_stat_activity WHERE application_name = 'dropday'"
        )  # both workers
        shop.reset()
        workers = psutil.Process(shop.shop.process.pid).children(recursive=True)
        with ThreadPoolExecutor(1) as other:
            with shop.stock_locked():
                order = other.submit(shop.order, ("dunk-270", 1), key="mine")
                shop.until(WAITS_FOR_LOCK)
                for worker in workers:
                    worker.suspend()
            shop.until("SELECT count(*) = 1 FROM orders")  # the database needs no worker for that
            for worker in workers:
                worker.kill()
            assert order.exception() is not None

        until(shop.shop.is_ready, "a worker again")
        again = shop.order(("dunk-270", 1), key="mine")

        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert [(row.available, row.redis_available) for row in shop.at_rest().stock] == [(4, 4), (5, 5)]


def test_a_reconcile_that_failed_is_made_up_for(shop_of: ShopOf) -> None:
    shop = shop_of("redis_hold")
    with ThreadPoolExecutor(1) as other, redis_of(shop) as redis:
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

    until_redis_says(shop, {"dunk-270": 4, "dunk-280": 5})


@in_redis
def test_a_restock_is_on_sale_in_redis_too_and_holds_stay_held(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    with redis_of(shop) as redis:
        hold(redis, "4:undecided", {"dunk-270": 2}, now_ms(redis) + 60_000)

    shop.admin("/admin/restock", {"sku": "dunk-270", "units": 10}).raise_for_status()

    assert in_redis_now(shop) == {"dunk-270": 13, "dunk-280": 5}


def test_a_database_that_was_away_does_not_end_the_care_for_redis(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    with shop_with("redis_hold", endpoints, tmp_path / "shop.log") as shop:
        shop.reset()
        name = shop.database_url.split("/")[3].split("?")[0]
        elsewhere = shop.database_url.replace(f"/{name}?", "/postgres?")
        other = TestShop(shop.shop, elsewhere, shop.redis_url, shop.http)
        with other.database() as ask, redis_of(shop) as redis:
            ask(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
            redis.flushdb()
            assert shop.http.get("/health/ready").status_code == 503
            ask(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

        until_redis_says(shop, {"dunk-270": 5, "dunk-280": 5})
        assert shop.order(("dunk-270", 1)).status_code == 201
