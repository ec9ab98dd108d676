"""Waiting for a lease in Redis: whoever waits in vain is told as soon as it is known."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from httpx import Response
from redis import Redis

from harness.axes import Axes
from harness.servers import Endpoints
from tests.shops import TestShop, shop_in_process, until

TWO_IN_TRANSACTION = (
    "SELECT count(*) = 2 FROM pg_stat_activity"
    " WHERE state = 'idle in transaction' AND datname = current_database()"
)
LAST_LOOK = (
    "SELECT max(query_start) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state = 'idle' AND query LIKE '%FROM stock s%is_sold_out(s)%'"
)


def spans(answer: Response) -> list[str]:
    return re.findall(r"(\w+);dur=", answer.headers["server-timing"])


def await_board(shop: TestShop) -> None:
    """Let the board look at the stock, from now on."""
    with shop.database() as ask:
        now = ask("SELECT clock_timestamp()")[0][0]
        until(lambda: (ask(LAST_LOOK)[0][0] or now) > now, "the board looks")


def times_set(redis: Any) -> int:
    return int(redis.info("commandstats").get("cmdstat_set", {"calls": 0})["calls"])


def test_who_waits_in_line_while_the_last_unit_goes_asks_neither_redis_nor_the_stock(
    endpoints: Endpoints,
) -> None:
    patient = Axes(pool_size=2, buckets=1, lock_timeout_ms=60_000)
    with (
        shop_in_process("redis_lock", endpoints, patient) as shop,
        Redis.from_url(shop.redis_url) as redis,
        ThreadPoolExecutor() as shoppers,
    ):
        shop.reset({"270": 1})
        redis.set("dropday:lock:dunk-270", "somebody else")
        before = times_set(redis)
        waiting = [shoppers.submit(shop.order, ("dunk-270", 1), shopper=shopper) for shopper in (1, 2)]
        shop.until(TWO_IN_TRANSACTION)
        until(lambda: times_set(redis) > before, "the first in line asks for the lease")
        with shop.database() as ask:
            ask("UPDATE stock SET available = 0 WHERE sku = 'dunk-270'")
        await_board(shop)
        await_board(shop)  # who looks again knows what it saw before
        redis.delete("dropday:lock:dunk-270")
        answers = [order.result() for order in waiting]

    assert [answer.json()["code"] for answer in answers] == ["sold_out", "sold_out"]
    second, first = sorted(map(spans, answers), key=len)
    assert second == ["pool", "begin", "redis_lock"]
    assert first == [*second, "read_stock", "redis_unlock", "kept_answer"]
