"""How figures and names are written for people: on the screen, on the page, and in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from reports.shapes import Number


def number(value: Number | None) -> str:
    """Three digits that count, thousands apart; a dash where there is no figure."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.2g}"


def two_numbers(one: Number, other: Number) -> tuple[str, str]:
    """Both as `number`, with as many more digits as it takes for two that differ to look different."""
    if one == other or number(one) != number(other):
        return number(one), number(other)
    digits = next(digits for digits in range(4, 18) if f"{one:.{digits}g}" != f"{other:.{digits}g}")
    return f"{one:,.{digits}g}", f"{other:,.{digits}g}"


def two_durations(one_ms: Number, other_ms: Number) -> tuple[str, str]:
    """Both in the unit that the larger has: `910 ms` and `998 ms`, or `0.91 s` and `1.92 s`."""
    per, unit = (1000, "s") if max(one_ms, other_ms) >= 1000 else (1, "ms")
    one, other = two_numbers(one_ms / per, other_ms / per)
    return f"{one} {unit}", f"{other} {unit}"


def in_units(value: Number) -> str:
    """`1 unit`, `62 units`."""
    return f"{number(value)} {'unit' if value == 1 else 'units'}"


def counted(n: int, name: str) -> str:
    """`1 core`, `2 cores`."""
    return f"{n:,} {name}" if n == 1 else f"{n:,} {name}s"


def percent(share: Number | None) -> str:
    """A signed error, such as `+12 %`; a dash where there is none."""
    if share is None:
        return "-"
    return f"{share * 100:+.0f} %" if round(share * 100) else "0 %"


def share(value: Number) -> str:
    """A part of a whole, such as `12 %`."""
    return f"{value * 100:.0f} %"


def names(several: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *others, last = several
    return f"{', '.join(others)} and {last}" if others else last
