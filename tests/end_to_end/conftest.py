"""A desk for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.command import Desk, a_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Removed after the test, with everything on it."""
    with a_desk() as desk:
        yield desk
