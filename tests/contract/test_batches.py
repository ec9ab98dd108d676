"""A batch in real PostgreSQL does what the same orders do one by one: same decisions, same books."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.books import Books
from system.errors import ShopError
from system.orders.model import Cart, Line, Order, Placed
from system.platform.spans import Spans
from system.settings import Settings
from system.stock.batches import place_batch
from system.stock.statements import Statements, Take
from tests.shops import PRICE_WON, ShopOf, TestShop

SETTINGS = Settings.model_validate(
    {"database_url": "-", "redis_url": "-", "jwt_secret": "s" * 32, "admin_key": "s" * 32}
)
SKUS = ("dunk-270", "dunk-280")


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Of one of four shoppers, often with a key that was there before, now and then for what is not sold."""
    lines = draw(
        st.lists(
            st.builds(Line, sku=st.sampled_from(SKUS), quantity=st.integers(1, 2)),
            min_size=1,
            max_size=2,
            unique_by=lambda line: line.sku,
        )
    )
    key = draw(st.sampled_from("pqrstuvw"))
    if draw(st.integers(0, 9)) == 0:
        lines, key = [*lines, Line(sku="dunk-999", quantity=1)], f"{key}-unknown"
    return Order.of(draw(st.integers(0, 4)), key, Cart(lines=lines))


async def in_batches(url: str, batches: list[list[Order]]) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        decided: list[Placed | ShopError] = []
        for batch in batches:
            async with connection.transaction():
                decided += await place_batch(connection, batch)
        return [said(result) for result in decided]
    finally:
        await connection.close()


async def one_by_one(url: str, batches: list[list[Order]]) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [await placed(connection, order) for batch in batches for order in batch]
    finally:
        await connection.close()


async def placed(connection: asyncpg.Connection, order: Order) -> str:
    try:
        return said(await Statements(connection, SETTINGS, Spans()).place(order, Take.IF_ENOUGH))
    except ShopError as refusal:
        return said(refusal)


def said(result: Placed | ShopError) -> str:
    if isinstance(result, ShopError):
        return result.code
    return "kept" if result.replayed else "placed"


def contents(books: Books) -> dict[str, Any]:
    """The books without what is new in every shop: ids and times."""
    return {
        "stock": books.stock,
        "wallets": books.wallets,
        "orders": [(order.shopper, order.key, order.total_won, order.lines) for order in books.orders],
        "keys": [(row.shopper, row.key) for row in books.keys],
    }


@pytest.fixture
def two_shops(shop_of: ShopOf) -> tuple[TestShop, TestShop]:
    return shop_of("micro_batch"), shop_of("conditional_update")


def test_batches_leave_the_books_that_single_orders_leave(two_shops: tuple[TestShop, TestShop]) -> None:
    batched, single = two_shops

    @given(
        batches=st.lists(st.lists(orders(), min_size=1, max_size=10), min_size=1, max_size=3),
        units=st.integers(1, 8),
        money=st.integers(0, 8),
        limit=st.none() | st.integers(1, 4),
    )
    @settings(max_examples=25, database=None)
    def holds(batches: list[list[Order]], units: int, money: int, limit: int | None) -> None:
        for shop in two_shops:
            shop.reset({"270": units, "280": 3}, shoppers=4, balance_won=money * PRICE_WON, limit=limit)

        assert asyncio.run(in_batches(batched.database_url, batches)) == asyncio.run(
            one_by_one(single.database_url, batches)
        )
        assert contents(batched.books()) == contents(single.books())

    holds()
