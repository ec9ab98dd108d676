"""The memory of the compiled engine: records in NumPy arrays, which its functions reach by their address.

All that a run knows is in tables of records. The record `world` has their addresses, and is all that the
functions pass to each other: thirty arrays would be two hundred arguments of every call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Record = Any
"""A record of a table; its fields are those of its type in `records`."""

MARGIN = 8_192  # records of each table that are free whenever an event begins: more than any event needs


class Memory:
    """The tables of one run.

    Args:
        tables: the type of the records of each.
        world: the type of the record of all else.
    """

    def __init__(self, tables: dict[str, np.dtype[Any]], world: np.dtype[Any]) -> None:
        self._types = tables
        self._tables: dict[str, NDArray[np.void]] = {}
        self._world = np.zeros(1, world)
        for table in tables:
            self.put(table, 0)

    @property
    def world(self) -> Record:
        """The record of all that is in no table, and of where the tables are."""
        return self._world[0]

    @property
    def address(self) -> int:
        """Where the world is."""
        return int(self._world.ctypes.data)

    def __getitem__(self, table: str) -> NDArray[np.void]:
        """All records of a table."""
        return self._tables[table]

    def put(self, table: str, records: int) -> NDArray[np.void]:
        """A new table of so many empty records."""
        self._keep(table, np.zeros(records, self._types[table]))
        return self._tables[table]

    def reserve(self, table: str, records: int) -> None:
        """Have room for so many records."""
        old = self._tables[table]
        if records > len(old):
            new = np.zeros(records, old.dtype)
            new.view(np.uint8)[: old.nbytes] = old.view(np.uint8)  # not field by field
            self._keep(table, new)

    def empty(self, kept: Iterable[str]) -> None:
        """Have nothing in any table, for another run.

        Args:
            kept: tables that keep their room, which the operating system would take longer to find than a
                run takes. A record is cleared, or written whole, when it is used again.
        """
        kept = set(kept)
        self._world[:] = 0
        for table, records in self._tables.items():
            self._keep(table, records if table in kept else np.zeros(0, self._types[table]))

    def _keep(self, table: str, records: NDArray[np.void]) -> None:
        self._tables[table] = records
        self._world[0][table] = records.ctypes.data
        self._world[0][f"{table}_room"] = len(records)


def world_type(tables: dict[str, np.dtype[Any]], fields: list[tuple[Any, ...]]) -> np.dtype[Any]:
    """The type of the world: address, records used and room of each table, and `fields`."""
    of_tables = [(f"{table}{what}", "i8") for table in tables for what in ("", "_used", "_room")]
    return np.dtype([*of_tables, ("is_short", "i8"), *fields], align=True)
