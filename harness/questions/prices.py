"""A price file: TOML, one key for each price."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError
from reports.answers.shapes import Prices
from scenarios.reading import ReadingError, read_toml

EXAMPLE = Path(__file__).parent / "example_prices.toml"


def load(path: Path) -> Prices:
    """Read a price file.

    Raises:
        UsageError: it cannot be read, or is none; the text names the key, the value and what was expected.
    """
    try:
        return read_toml(path, Prices, expected=f"a price file (a copy of {EXAMPLE} is a good start)")
    except ReadingError as error:
        raise UsageError(str(error)) from error
