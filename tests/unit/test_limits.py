"""How many shoppers may wait at once, and how many can."""

from __future__ import annotations

import resource

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.limits import most_at_once, room_for_connections


@pytest.mark.parametrize(
    ("at_s", "patience_s", "most"),
    [
        ([], 1, 0),
        ([5.0], 1, 1),
        ([0.0, 0.5, 0.9], 1, 3),
        ([0.0, 1.0, 2.0], 1, 1),
        ([0.0, 0.9, 1.5, 1.6, 5.0], 1, 3),
    ],
)
def test_the_most_at_once_are_those_within_one_patience(
    at_s: list[float], patience_s: float, most: int
) -> None:
    assert most_at_once(np.array(at_s), patience_s) == most


@given(st.lists(st.integers(0, 100), min_size=1).map(sorted), st.integers(1, 30))
def test_counting_by_hand_gives_the_same(at_s: list[int], patience_s: int) -> None:
    by_hand = max(sum(0 <= now - earlier < patience_s for earlier in at_s) for now in at_s)
    assert most_at_once(np.array(at_s, dtype=float), patience_s) == by_hand


def test_the_limit_of_open_files_is_raised_and_bounds_the_room() -> None:
    room = room_for_connections()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
    assert 0 < room < hard or hard == resource.RLIM_INFINITY
