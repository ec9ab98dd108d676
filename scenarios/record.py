"""The record of one run of one strategy, measured or predicted: history, books and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl

from scenarios import history
from scenarios.books import Books
from scenarios.conditions import Conditions


@dataclass(frozen=True)
class Record:
    """What both engines leave behind, and all that the reports ever see of a run."""

    history: pl.DataFrame
    books: Books
    conditions: Conditions

    def save(self, folder: Path) -> None:
        """Write `history.parquet`, `books.json` and `conditions.json` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        history.write(self.history, folder / "history.parquet")
        (folder / "books.json").write_text(self.books.model_dump_json())
        (folder / "conditions.json").write_text(self.conditions.model_dump_json())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: a file of the record is missing.
            ValueError: a file is not of this version.
        """
        return cls(
            history=history.read(folder / "history.parquet"),
            books=Books.model_validate_json((folder / "books.json").read_text()),
            conditions=Conditions.model_validate_json((folder / "conditions.json").read_text()),
        )
