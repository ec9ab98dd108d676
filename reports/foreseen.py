"""Crowds too large for records, foreseen: `foreseen.json`, the figures of many runs of each strategy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reports.answers.shapes.common import Spread
from reports.foretold import Foretold
from reports.shapes import Part

SCHEMA: Literal["dropday.foreseen/2"] = "dropday.foreseen/2"
FILE = "foreseen.json"


class Waits(Part):
    """How long shoppers waited, in ms from sending to the last answer."""

    p50: Spread
    p95: Spread
    p99: Spread


class StrategyForeseen(Part):
    """The figures of one strategy, as `summary.json` defines them, over the replications."""

    strategy: str
    orders_per_s: Spread
    everyone_ms: Waits | None
    """Of all attempts to order; null where there was none in any run."""
    buyers_ms: Waits | None
    """Over the runs in which somebody bought; null where nobody did in any."""
    peak_in_system: Spread
    sold: Spread
    oversold: Spread
    unknown: Spread
    """Attempts that ended without an answer."""
    ended_s: Spread
    """When the last attempt was over."""


class Foreseen(Foretold):
    """What a crowd does under each strategy."""

    file = FILE

    schema_: Literal["dropday.foreseen/2"] = Field(default=SCHEMA, alias="schema")
    shoppers: float
    """Expected."""
    stock: int
    scaling: str
    """What of the scenario was changed to have so many, in a sentence; empty where nothing was."""
    replications: int
    coverage: float
    """The chance that one more run lies between `low` and `high` of a figure."""
    took_s: float
    """For all runs."""
    found: tuple[StrategyForeseen, ...]
