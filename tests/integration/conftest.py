"""Shops that are served by processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.servers import Endpoints
from tests.shops import ServedShop, ServedShopOf, kept_open, served_shop


@pytest.fixture(scope="session")
def shop_of(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShopOf]:
    """The shop with a given strategy, emptied each time."""
    logs = tmp_path_factory.mktemp("shops")
    with kept_open(lambda strategy: served_shop(strategy, endpoints, logs / f"{strategy}.log")) as shop_of:
        yield shop_of


@pytest.fixture
def shop(shop_of: ServedShopOf) -> ServedShop:
    """A shop where the strategy does not matter."""
    return shop_of("conditional_update")
