"""Real PostgreSQL and Redis for every integration test, one pair for each worker of pytest-xdist."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.servers import Endpoints, open_servers


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    """Servers that the tests of a worker share: a test leaves no state that another could trip over."""
    with open_servers("embedded") as endpoints:
        yield endpoints
