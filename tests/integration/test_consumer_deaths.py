"""Consumers that are killed, told to end, or stand by: each order that was queued is decided once."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from harness.servers import Endpoints
from tests.shops import PRICE_WON, ServedShop, served_shop
from tests.strategies import QUEUED

every_queued_strategy = pytest.mark.parametrize("strategy", QUEUED)

SHOPPERS = 30
UNITS = 20
OURS = "datname = current_database()"
BLOCKED = f"SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {OURS}"  # noqa: S608
STANDBY = f"SELECT count(*) > 0 FROM pg_stat_activity WHERE query ~ '^SELECT pg_try_advisory_lock' AND {OURS}"  # noqa: S608


@pytest.fixture
def fragile_shop(strategy: str, endpoints: Endpoints, tmp_path: Path) -> Iterator[ServedShop]:
    """A shop of its own for a test that kills parts of it."""
    with served_shop(strategy, endpoints, tmp_path / "shop.log") as shop:
        shop.reset({"270": UNITS}, shoppers=SHOPPERS)
        yield shop


def queue_one_each(shop: ServedShop) -> None:
    answers = [shop.order(("dunk-270", 1), shopper=n, key="mine").status_code for n in range(SHOPPERS)]
    told = Counter(answers)
    assert told[202] >= UNITS
    assert told[202] + told[409] == SHOPPERS  # Redis knows at once when all is held


def kill_consumer(shop: ServedShop) -> None:
    assert shop.system.consumer
    shop.system.consumer.popen.kill()
    shop.system.consumer.popen.wait()


def assert_all_decided_once(shop: ServedShop) -> None:
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
def test_a_consumer_killed_in_mid_batch_leaves_every_order_to_the_next(
    fragile_shop: ServedShop, tmp_path: Path
) -> None:
    with fragile_shop.stock_locked():
        queue_one_each(fragile_shop)
        fragile_shop.until(BLOCKED)
        kill_consumer(fragile_shop)

    with fragile_shop.another_consumer(tmp_path / "another.log"):
        assert_all_decided_once(fragile_shop)


@pytest.mark.parametrize("strategy", ["redis_queue"])
def test_a_consumer_killed_between_its_commit_and_redis_has_no_second_effect(
    fragile_shop: ServedShop, tmp_path: Path
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
def test_a_second_consumer_waits_until_the_first_is_gone(fragile_shop: ServedShop, tmp_path: Path) -> None:
    fragile_shop.buy(("dunk-270", 1)).raise_for_status()
    with fragile_shop.another_consumer(tmp_path / "standby.log") as standby:
        fragile_shop.until(STANDBY)
        kill_consumer(fragile_shop)

        taken_over = fragile_shop.buy(("dunk-270", 1), shopper=1)
        standby.popen.send_signal(signal.SIGTERM)
        standby.await_end(within_s=20)

    assert (taken_over.status_code, taken_over.json()["state"]) == (200, "paid")


@every_queued_strategy
def test_a_standby_that_is_told_to_end_does_not_wait(fragile_shop: ServedShop, tmp_path: Path) -> None:
    fragile_shop.buy(("dunk-270", 1)).raise_for_status()
    with fragile_shop.another_consumer(tmp_path / "standby.log") as standby:
        fragile_shop.until(STANDBY)
        standby.popen.send_signal(signal.SIGTERM)
        standby.await_end(within_s=20)

    assert fragile_shop.buy(("dunk-270", 1), shopper=1).json()["state"] == "paid"


@every_queued_strategy
def test_a_consumer_told_to_end_works_off_the_queue_first(fragile_shop: ServedShop) -> None:
    assert fragile_shop.system.consumer
    with fragile_shop.stock_locked():
        queue_one_each(fragile_shop)
        fragile_shop.system.consumer.popen.send_signal(signal.SIGTERM)

    fragile_shop.system.consumer.await_end(within_s=20)
    assert_all_decided_once(fragile_shop)


@pytest.mark.parametrize("strategy", ["redis_queue"])
def test_a_consumer_told_to_end_brings_back_what_redis_forgot(fragile_shop: ServedShop) -> None:
    assert fragile_shop.system.consumer
    with fragile_shop.stock_locked():
        queue_one_each(fragile_shop)
        fragile_shop.until(BLOCKED)
        with Redis.from_url(fragile_shop.redis_url) as redis:
            redis.flushdb()
        fragile_shop.system.consumer.popen.send_signal(signal.SIGTERM)

    fragile_shop.system.consumer.await_end(within_s=20)
    assert fragile_shop.books().intake == ()
    fragile_shop.buy(("dunk-270", 1))  # sold out
    assert_all_decided_once(fragile_shop)
