"""Serializable: read and write as if alone; the database undoes what no order of turns explains.

Guarantee: no oversell, if every writer of the stock is serializable: one at a lower level is not checked.
Failure: false aborts. PostgreSQL tracks reads by row, page or index and aborts where there might be a cycle;
a retry must redo everything, and what was done outside the database is not undone.
Source: Cahill, Roehm and Fekete, "Serializable Isolation for Snapshot Databases" (SIGMOD 2008); Ports and
Grittner, "Serializable Snapshot Isolation in PostgreSQL" (VLDB 2012).
"""

from __future__ import annotations

from system.stock.strategies.snapshot import Snapshot


class Serializable(Snapshot):
    """As with a snapshot; BEGIN ISOLATION LEVEL SERIALIZABLE has the database check what was read, too."""

    name, isolation = "serializable", "serializable"
