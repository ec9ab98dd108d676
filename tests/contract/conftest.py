"""Shops in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from harness.axes import Axes
from harness.servers import Endpoints
from tests.shops import SMALL, ShopOf, ShopSetUp, TestShop, kept_open, shop_in_process


@pytest.fixture(scope="session")
def shop_of(endpoints: Endpoints) -> Iterator[ShopOf]:
    """The shop with a given strategy, emptied each time."""
    with kept_open(partial(shop_in_process, endpoints=endpoints)) as shop_of:
        yield shop_of


@pytest.fixture
def shop(shop_of: ShopOf) -> TestShop:
    """A shop where the strategy does not matter."""
    return shop_of("conditional_update")


@pytest.fixture
def shop_set_up(endpoints: Endpoints) -> ShopSetUp:
    """A shop with a strategy and axes of its own."""

    def shop_set_up(strategy: str, **axes: object) -> AbstractContextManager[TestShop]:
        return shop_in_process(strategy, endpoints, Axes.model_validate({**SMALL.given, **axes}))

    return shop_set_up
