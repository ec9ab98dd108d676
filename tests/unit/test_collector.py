"""The garbage collector, kept away for a while."""

from __future__ import annotations

import gc

import pytest

from scenarios.collector import uncollected


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_away_for_the_block_and_then_as_it_was(
    was_on: bool, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(gc.enable)
    if not was_on:
        gc.disable()

    with uncollected():
        within = gc.isenabled()

    assert (within, gc.isenabled()) == (False, was_on)
