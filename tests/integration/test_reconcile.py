"""Redis forgets under a crowd, the database goes away, a worker dies: nothing leaks or sells twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.axes import Axes
from harness.servers import Endpoints
from tests.shops import ServedShopOf, served_shop, until
from tests.shops.crowds import Stock, Visit, audited
from tests.strategies import IN_REDIS

WAITS_FOR_LOCK = (
    "SELECT count(*) > 0 FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.mark.parametrize("strategy", IN_REDIS)
def test_redis_is_emptied_again_and_again_under_a_crowd(shop_of: ServedShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    stock = Stock({"270": 40, "280": 30}, shoppers=60, limit=1)
    visits = [
        Visit(n, key, ((sku, 1),), after_s=n / 60 + later)
        for n in range(stock.shoppers)
        for key, sku, later in (("a", "dunk-270", 0.0), ("b", "dunk-280", 0.1), ("c", "dunk-270", 0.2))
    ]

    with ThreadPoolExecutor(1) as other, shop.redis() as redis:
        crowd = other.submit(audited, shop, stock, visits)
        while not crowd.done():
            redis.flushdb()
            try:
                crowd.result(timeout=0.25)
            except TimeoutError:
                continue

    assert crowd.result().violations == ()
    shop.until_redis_says({row.sku: row.available for row in shop.books().stock})


def test_a_worker_killed_between_commit_and_confirm_leaks_nothing(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    with served_shop("redis_hold", endpoints, tmp_path / "shop.log", Axes(pool_size=2, workers=2)) as shop:
        shop.until(
            "SELECT count(*) >= 2 FROM pg_stat_activity WHERE application_name = 'dropday'"
        )  # both workers
        shop.reset()
        workers = psutil.Process(shop.system.process.pid).children(recursive=True)
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

        until(shop.system.is_ready, "a worker again")
        again = shop.order(("dunk-270", 1), key="mine")

        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert [(row.available, row.redis_available) for row in shop.at_rest().stock] == [(4, 4), (5, 5)]


def test_a_database_that_was_away_does_not_end_the_care_for_redis(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    with served_shop("redis_hold", endpoints, tmp_path / "shop.log") as shop:
        shop.reset()
        name = shop.database_url.split("/")[3].split("?")[0]
        elsewhere = shop.database_url.replace(f"/{name}?", "/postgres?")
        other = replace(shop, database_url=elsewhere)
        with other.database() as ask, shop.redis() as redis:
            ask(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
            redis.flushdb()
            assert shop.http.get("/health/ready").status_code == 503
            ask(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

        shop.until_redis_says({"dunk-270": 5, "dunk-280": 5})
        assert shop.order(("dunk-270", 1)).status_code == 201
