"""How figures and names are written for people."""

from __future__ import annotations

import pytest

from reports.wording import in_units, names, number, percent, two_numbers


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "-"),
        (0, "0"),
        (7.0, "7"),
        (12_345.6, "12,346"),
        (123.4, "123"),
        (12.34, "12.3"),
        (1.234, "1.23"),
        (0.01234, "0.012"),
        (-2.5, "-2.50"),
    ],
)
def test_a_number_has_the_digits_that_count(value: float | None, written: str) -> None:
    assert number(value) == written


@pytest.mark.parametrize(
    ("one", "other", "written"),
    [
        (1542.001, 1542, ("1,542.001", "1,542")),
        (1_000_000.4, 1_000_000, ("1,000,000.4", "1,000,000")),
        (12.301, 12.3, ("12.301", "12.3")),
        (7, 7.0, ("7", "7")),
        (1, 2, ("1", "2")),
    ],
)
def test_two_numbers_that_differ_are_written_differently(
    one: float, other: float, written: tuple[str, str]
) -> None:
    assert two_numbers(one, other) == written


@pytest.mark.parametrize(
    ("share", "written"), [(None, "-"), (0.0, "0 %"), (-0.001, "0 %"), (0.126, "+13 %"), (-0.5, "-50 %")]
)
def test_an_error_is_a_signed_percentage(share: float | None, written: str) -> None:
    assert percent(share) == written


@pytest.mark.parametrize(("value", "written"), [(0, "0 units"), (1, "1 unit"), (1.5, "1.50 units")])
def test_one_unit_is_not_units(value: float, written: str) -> None:
    assert in_units(value) == written


@pytest.mark.parametrize(
    ("several", "written"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_names_are_listed_as_in_a_sentence(several: list[str], written: str) -> None:
    assert names(several) == written
