"""What all tests share: servers, one pair for each worker of pytest-xdist; and who runs where."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from harness.servers import Endpoints, open_servers
from tests.end_to_end.command import Desk, a_desk
from tests.locust_runs import DROP, Locust, starting_locust

# Hypothesis tries the same examples in every run, and is not timed: other tests share the machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


# The databases of the tests are in memory where there is enough: nothing is measured here, and to delete the
# files of a hundred databases from a disk took minutes. TMPDIR says where else.
_MEMORY = Path("/dev/shm")  # noqa: S108 - the servers' folders are made by mkdtemp
_ENOUGH_BYTES = 4 * 2**30
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES:
    os.environ["TMPDIR"] = str(_MEMORY)


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    """PostgreSQL and Redis that the tests of a worker share: none leaves what another could trip over."""
    with open_servers("embedded") as endpoints:
        yield endpoints


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Where a user types commands. Removed after the test, with everything on it."""
    with a_desk() as desk:
        yield desk


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


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Let the tests of one shop run in one worker of pytest-xdist, so that the shop is opened once."""
    for item in items:
        if {"shop", "shop_of"} & set(item.fixturenames) and not item.get_closest_marker("xdist_group"):
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            strategy = parameters.get("strategy", "conditional_update")
            room = item.path.parent.name  # its shops are of another kind
            item.add_marker(pytest.mark.xdist_group(f"{room} {strategy}"))
