"""Real PostgreSQL and Redis for every integration test, one pair for each worker of pytest-xdist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from harness.servers import Endpoints, open_servers
from tests.integration.shops import TestShop, shop_with

ShopOf = Callable[[str], TestShop]

MOST_OPEN_SHOPS = 6


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    """Servers that the tests of a worker share: a test leaves no state that another could trip over."""
    with open_servers("embedded") as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def shop_of(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopOf]:
    """The running shop with a given strategy, emptied each time. The last few asked for stay open."""
    shops: dict[str, tuple[ExitStack, TestShop]] = {}
    logs = tmp_path_factory.mktemp("shops")

    def shop_of(strategy: str) -> TestShop:
        if strategy not in shops and len(shops) == MOST_OPEN_SHOPS:
            shops.pop(next(iter(shops)))[0].close()
        if strategy not in shops:
            stack = ExitStack()
            started = shop_with(strategy, endpoints, logs / f"{strategy}.log")
            shops[strategy] = (stack, stack.enter_context(started))
        shops[strategy] = shops.pop(strategy)  # now the one that was asked for last
        shop = shops[strategy][1]
        shop.reset()
        return shop

    try:
        yield shop_of
    finally:
        for stack, _ in shops.values():
            stack.close()


@pytest.fixture
def shop(shop_of: ShopOf) -> TestShop:
    """A shop where the strategy does not matter."""
    return shop_of("conditional_update")
