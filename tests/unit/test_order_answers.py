"""How long a client lets the server take to answer."""

from __future__ import annotations

import pytest

from system.orders.answers import wait_s


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("wait=5", 5),
        ("Wait = 5", 5),
        ('wait="5"', 5),
        ("respond-async, wait=10", 10),
        ("wait=10, respond-async", 10),
        ("wait=10;strict", 10),
        ("wait=0", 0),
        ("wait=30", 30),
        ("wait=31", 30),
        ("wait=100000", 30),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=soon", 0),
        ("await=5", 0),
        ("handling=lenient", 0),
    ],
)
def test_the_wait_is_what_the_client_prefers_at_most_half_a_minute(prefer: str | None, seconds: int) -> None:
    assert wait_s(prefer) == seconds
