"""Real PostgreSQL and Redis for every integration test, one pair for each worker of pytest-xdist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from harness.servers import Endpoints, open_servers
from tests.integration.shops import TestShop, shop_with

ShopOf = Callable[[str], TestShop]


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    """Servers that the tests of a worker share: a test leaves no state that another could trip over."""
    with open_servers("embedded") as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def shop_of(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopOf]:
    """The running shop with a given strategy, started when first asked for, and emptied each time."""
    shops: dict[str, TestShop] = {}
    logs = tmp_path_factory.mktemp("shops")
    with ExitStack() as open_shops:

        def shop_of(strategy: str) -> TestShop:
            if strategy not in shops:
                started = shop_with(strategy, endpoints, logs / f"{strategy}.log")
                shops[strategy] = open_shops.enter_context(started)
            shops[strategy].reset()
            return shops[strategy]

        yield shop_of


@pytest.fixture
def shop(shop_of: ShopOf) -> TestShop:
    """A shop where the strategy does not matter."""
    return shop_of("conditional_update")
