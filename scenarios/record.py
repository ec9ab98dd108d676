"""The record of one run of one strategy, measured or predicted: history, books and conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import polars as pl

from scenarios import history
from scenarios.books import Books
from scenarios.conditions import Conditions
from scenarios.files import write_text
from scenarios.reading import ReadingError, read_json

Content = TypeVar("Content")

_EXPECTED = "a file of a run's record, whole and of this version; run it again"


class RecordError(ValueError):
    """A file of a record that cannot be read; the text names it, what is wrong and what would do."""


@dataclass(frozen=True)
class Record:
    """What both engines leave behind, and all that the reports ever see of a run."""

    history: pl.DataFrame
    books: Books
    conditions: Conditions

    def save(self, folder: Path) -> None:
        """Write `history.parquet`, `books.json` and `conditions.json` into `folder`."""
        history.write(self.history, folder / "history.parquet")
        write_text(folder / "books.json", self.books.model_dump_json())
        write_text(folder / "conditions.json", self.conditions.model_dump_json())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            RecordError: a file of the record is missing, torn, or not of this version.
        """
        return cls(
            history=_read(folder / "history.parquet", history.read),
            books=_read(folder / "books.json", lambda file: read_json(file, Books, expected=_EXPECTED)),
            conditions=_read(
                folder / "conditions.json", lambda file: read_json(file, Conditions, expected=_EXPECTED)
            ),
        )


def _read(file: Path, read: Callable[[Path], Content]) -> Content:
    try:
        return read(file)
    except ReadingError as error:
        raise RecordError(str(error)) from error
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RecordError(f"{file}: cannot be read: {what}; expected {_EXPECTED}") from error
