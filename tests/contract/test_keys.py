"""A key has one effect over all endpoints, strategies and states: waiting, in flight, done, refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import asyncpg
import pytest
from httpx import Response

from system.stock.statements import _LOCK_NAMES
from tests.shops import PRICE_WON, ShopOf, ShopSetUp, TestShop
from tests.strategies import ALL, IN_REDIS, QUEUED

every_strategy = pytest.mark.parametrize("strategy", ALL)
every_queued_strategy = pytest.mark.parametrize("strategy", QUEUED)


def code(answer: Response) -> str:
    said: str = answer.json().get("code", "")
    return said


@contextmanager
def wallet_locked(shop: TestShop) -> Iterator[None]:
    """Nobody's order is paid while the block lasts."""
    with shop.database() as ask:
        ask("BEGIN")
        ask("SELECT FROM wallets FOR UPDATE")
        yield
        ask("ROLLBACK")


@every_strategy
def test_the_key_of_an_order_that_is_done_charges_no_wallet(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.buy(("dunk-270", 1), key="mine")

    charged = shop.charge(5_000, key="mine")

    assert (charged.status_code, code(charged)) == (422, "idempotency_key_reused")
    assert shop.balance() == 1_000_000 - PRICE_WON


@every_strategy
def test_the_key_of_a_charge_buys_nothing(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.charge(5_000, key="mine")

    bought = shop.buy(("dunk-270", 1), key="mine")

    assert (bought.status_code, code(bought)) == (422, "idempotency_key_reused")
    assert [row.available for row in shop.at_rest().stock] == [5, 5]
    assert shop.balance() == 1_005_000


@every_queued_strategy
def test_the_key_of_an_order_that_waits_charges_no_wallet(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)

    with shop.stock_locked():
        accepted = shop.order(("dunk-270", 1), key="mine")
        charged = shop.charge(5_000, key="mine")
    decided = shop.decision(accepted)

    assert accepted.status_code == 202
    assert (charged.status_code, code(charged)) == (422, "idempotency_key_reused")
    assert (decided.status_code, decided.json()["state"]) == (200, "paid")
    assert shop.balance() == 1_000_000 - PRICE_WON


@every_queued_strategy
def test_an_order_that_waits_is_accepted_again_and_no_other_under_its_key(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)

    with shop.stock_locked():
        accepted, again = (shop.order(("dunk-270", 1), key="mine") for _ in range(2))
        other = shop.order(("dunk-280", 2), key="mine")
    decided = shop.decision(accepted)

    assert accepted.status_code == again.status_code == 202
    assert (other.status_code, code(other)) == (422, "idempotency_key_reused")
    assert decided.json()["lines"][0]["sku"] == "dunk-270"
    assert len(shop.at_rest().orders) == 1


@every_queued_strategy
def test_the_key_of_an_order_that_was_refused_is_free(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)
    shop.reset(balance_won=0)
    refused = shop.buy(("dunk-270", 1), key="mine")

    charged = shop.charge(5_000, key="mine")
    again = shop.buy(("dunk-270", 1), key="mine")

    assert code(refused) == "insufficient_funds"
    assert charged.status_code == 201
    assert (again.status_code, code(again)) == (422, "idempotency_key_reused")
    assert shop.balance() == 5_000


@every_strategy
def test_of_two_orders_at_once_under_one_key_one_is_accepted(shop_set_up: ShopSetUp, strategy: str) -> None:
    with shop_set_up(strategy, batch_window_ms=50) as shop, ThreadPoolExecutor(2) as at_once:
        shop.reset()
        for number in range(3):
            sent = [
                at_once.submit(shop.order, (sku, units), key=f"pair-{number}")
                for sku, units in (("dunk-270", 1), ("dunk-280", 1))
            ]
            answers = [one.result() for one in sent]
            accepted = [answer for answer in answers if answer.status_code in (201, 202)]
            refused = [answer for answer in answers if answer not in accepted]
            if strategy not in ("optimistic_lock", "snapshot", "serializable"):
                assert len(accepted) == 1
            assert {code(answer) for answer in refused} <= {
                *("idempotency_key_reused", "key_in_progress", "conflict")
            }
            for answer in accepted:
                decided = shop.decision(answer) if answer.status_code == 202 else answer
                assert decided.json()["state"] == "paid"
        assert len({order.key for order in shop.at_rest().orders}) == len(shop.books().orders) == 3


def test_a_key_that_reads_like_a_sku_is_not_locked_with_it(shop_of: ShopOf) -> None:
    shop = shop_of("conditional_update")

    async def hold_the_sku() -> None:
        holder = await asyncpg.connect(shop.database_url)
        try:
            async with holder.transaction():
                await holder.execute(_LOCK_NAMES, ["dunk-270"])
                answer = await asyncio.to_thread(shop.order, ("dunk-280", 1), key="dunk-270")
            assert answer.status_code == 201
        finally:
            await holder.close()

    asyncio.run(hold_the_sku())


def test_a_copy_of_an_order_that_is_being_paid_does_not_hear_that_its_own_unit_is_gone(
    shop_of: ShopOf,
) -> None:
    shop = shop_of("unit_rows")
    shop.reset({"270": 1})

    with ThreadPoolExecutor(1) as other:
        with wallet_locked(shop):
            first = other.submit(shop.order, ("dunk-270", 1), key="mine")
            shop.until("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            copy = shop.order(("dunk-270", 1), key="mine")
        bought = first.result()
    later = shop.order(("dunk-270", 1), key="mine")

    assert code(copy) == "key_in_progress"
    assert bought.status_code == 201
    assert later.content == bought.content


@every_strategy
def test_a_restock_sent_twice_counts_once(shop_of: ShopOf, strategy: str) -> None:
    shop = shop_of(strategy)

    first, copy = (shop.restock("dunk-270", 5, key="once") for _ in range(2))
    other = shop.restock("dunk-270", 6, key="once")

    assert first.json() == {"sku": "dunk-270", "available": 10}
    assert copy.content == first.content
    assert copy.headers["idempotency-replayed"] == "true"
    assert (other.status_code, code(other)) == (422, "idempotency_key_reused")
    assert shop.left("dunk-270") == 10


def test_an_operators_key_is_not_a_shoppers(shop_of: ShopOf) -> None:
    shop = shop_of("conditional_update")
    shop.restock("dunk-270", 5, key="same")

    assert shop.order(("dunk-270", 1), key="same").status_code == 201


def test_a_restock_needs_a_key(shop_of: ShopOf) -> None:
    shop = shop_of("conditional_update")

    answer = shop.admin("/admin/restock", {"sku": "dunk-270", "units": 5})

    assert (answer.status_code, code(answer)) == (400, "idempotency_key_missing")
    assert shop.left("dunk-270") == 5


@pytest.mark.parametrize("strategy", IN_REDIS)
def test_a_restock_that_redis_was_not_told_of_is_sent_again_and_counts_once(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    with shop.redis() as redis:
        redis.rename("dropday:stock", "dropday:kept")
        redis.set("dropday:stock", "what no script can work with")
        failed = shop.restock("dunk-270", 5, key="once")
        redis.rename("dropday:kept", "dropday:stock")

    again = shop.restock("dunk-270", 5, key="once")

    assert again.json() == {"sku": "dunk-270", "available": 10}
    assert failed.status_code in (200, 503)
    assert shop.left("dunk-270") == 10
    shop.until_redis_says({"dunk-270": 10, "dunk-280": 5})


@pytest.mark.parametrize("strategy", ["conditional_update", "unit_rows", "single_writer"])
def test_a_restock_after_which_the_board_could_not_be_read_is_sent_again_and_counts_once(
    shop_of: ShopOf, strategy: str
) -> None:
    shop = shop_of(strategy)
    with shop.database() as ask:
        ask("ALTER TABLE order_lines RENAME TO elsewhere")
        failed = shop.restock("dunk-270", 5, key="once")
        ask("ALTER TABLE elsewhere RENAME TO order_lines")

    again = shop.restock("dunk-270", 5, key="once")

    assert (failed.status_code, code(failed)) == (503, "unavailable")
    assert again.json() == {"sku": "dunk-270", "available": 10}
    assert shop.left("dunk-270") == 10
