"""Text as it may come from outside: checked where it enters, so that every store behind can hold it.

PostgreSQL stores no null character. What is merged into one statement would fail with it, neighbours and all.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Sku = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
ProductId = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def can_be_stored(text: str) -> bool:
    """Whether the text of a path can name anything that is stored."""
    return "\x00" not in text
