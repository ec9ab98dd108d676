"""Shops that are served by processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.servers import Endpoints
from tests.integration.locust_runs import DROP, Locust, starting_locust
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


@pytest.fixture
def locust() -> Iterator[Locust]:
    """Starts Locust; none outlives the test."""
    with starting_locust() as start:
        yield start


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The file of a small scenario."""
    path = tmp_path / "small_drop.toml"
    path.write_text(DROP)
    return path
