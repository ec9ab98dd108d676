"""Which code of the system runs, and in which Python."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    """A folder with the package `system`, and the Python that has what it needs.

    Without a folder it is the system that this process would import.
    """

    folder: Path | None = None
    python: Path = Path(sys.executable)

    def command(self, name: str) -> list[str]:
        """`python -m system` with the command `name`."""
        return [str(self.python), "-m", "system", name]

    @property
    def environment(self) -> dict[str, str]:
        """What makes Python import this system and no other; its hashes are the same in every process."""
        if self.folder is None:
            return {}
        return {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "0"}


THIS = Checkout()
