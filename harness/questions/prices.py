"""A price file: TOML, one key for each price."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from harness.errors import UsageError
from reports.answers.shapes import Prices
from scenarios.complaints import complaints

EXAMPLE = Path(__file__).parent / "example_prices.toml"


def load(path: Path) -> Prices:
    """Read a price file.

    Raises:
        UsageError: it cannot be read, or is none; the text names the key, the value and what was expected.
    """
    try:
        return Prices.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); "
            f"expected a price file (a copy of {EXAMPLE} is a good start)"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        raise UsageError("\n".join(f"{path}: {one}" for one in complaints(error, Prices))) from error
