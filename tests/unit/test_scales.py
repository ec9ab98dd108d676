"""Ticks of logarithmic axes: round numbers, at least two, and not too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.canvas import Canvas
from reports.scales import log_x, scale


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (12, 90, [10, 20, 50, 100]),
        (2100, 4800, [2000, 5000]),
        (1, 1, [1, 2]),
        (3, 9000, [10, 100, 1000, 10_000]),
        (0.4, 3, [0.2, 0.5, 1, 2, 5]),
    ],
)
def test_ticks_are_one_two_and_five_of_each_power_or_the_powers_alone(
    low: float, high: float, expected: list[float]
) -> None:
    assert scale(low, high).ticks == pytest.approx(expected)


@given(st.floats(1e-3, 1e6), st.floats(1, 1e5))
def test_an_axis_holds_what_is_drawn_and_has_two_ticks_at_least(low: float, factor: float) -> None:
    found = scale(low, low * factor)
    assert 2 <= len(found.ticks) <= 9
    assert found.begins <= low <= low * factor <= found.ends
    assert found.begins <= found.ticks[0] < found.ticks[-1] <= found.ends


def test_the_ticks_are_written_on_the_axis() -> None:
    canvas = Canvas("a", "a")
    with canvas as axes:
        axes.plot([12, 1900], [0, 1])
        log_x(axes, 12, 1900)
    assert all(f">{tick}</text>" in canvas.svg for tick in ("10", "100", "1,000"))
