"""Where a prediction goes beyond what was calibrated, it says so."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.scenario import Cart, load
from simulator.cautions import cautions
from tests.unit.profiles import small_machine

PROFILE = small_machine()
DROP = load("sneaker_drop")
HERE: dict[str, Any] = {
    "workers": PROFILE.workers,
    "pool_size": PROFILE.pool_size,
    "machine": PROFILE.machine,
    "versions": PROFILE.versions,
}


def test_where_everything_is_as_it_was_calibrated_nothing_is_said() -> None:
    assert cautions(PROFILE, DROP, **HERE) == ()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"machine": {"cpu": "Another CPU"}}, "cpu = "),
        ({"versions": {"asyncpg": "99"}}, "asyncpg none (here 99)"),
        ({"pool_size": 3}, f"pool_size = {PROFILE.pool_size}; this is foreseen for 3"),
        ({"workers": 4}, f"workers = {PROFILE.workers}; this is foreseen for 4"),
    ],
)
def test_another_machine_or_version_or_setting_is_named(other: dict[str, object], said: str) -> None:
    assert any(said in caution for caution in cautions(PROFILE, DROP, **(HERE | other)))


def test_a_crowd_that_no_generator_sends_was_not_held_against_a_run() -> None:
    [caution] = cautions(PROFILE, DROP.crowded(50), **HERE)

    assert "shoppers a second on average; the model has been held to runs of up to 5,000" in caution


def test_carts_of_several_lines_were_not_calibrated() -> None:
    carts = DROP.model_copy(update={"cart": Cart(lines=(0.5, 0.5, 0.0))})

    assert cautions(PROFILE, carts, **HERE) == (
        "calibrated with orders of one line; carts here have up to 2",
    )
