"""Documents: files of JSON in a run's folder, one of each kind."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import ConfigDict

from reports.shapes import Part
from scenarios.files import write_text
from scenarios.reading import ReadingError, read_json


class DocumentError(ValueError):
    """A document that cannot be read; the text names its file, what is wrong and what was expected."""


class Document(Part):
    """A shape that is a file of its own. `file` is its name."""

    model_config = ConfigDict(populate_by_name=True)

    file: ClassVar[str]

    def save(self, run: Path) -> None:
        """Write it into the run's folder."""
        text = self.model_dump_json(by_alias=True, indent=2) + "\n"
        write_text(run / self.file, text)

    @classmethod
    def load(cls, run: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DocumentError: the folder has none, or it is not of this version.
        """
        try:
            return read_json(run / cls.file, cls, expected="one of this version; ask again")
        except ReadingError as error:
            raise DocumentError(str(error)) from error
