"""What one drop comes to: the queue, what is oversold, what it costs."""

from __future__ import annotations

from pydantic import Field

from reports.answers.shapes.common import Spread
from reports.shapes import Part


class StrategyQueue(Part):
    """Attempts in the system over time: the most at one moment of each step."""

    strategy: str
    median: tuple[float, ...]
    """Over replications, in each step."""
    low: tuple[float, ...]
    """One more replication would lie between these two, in each step."""
    high: tuple[float, ...]
    peak: Spread
    """The most attempts at one moment."""
    begins_s: Spread | None
    """When more attempts were in the system than it has connections; null where that never came to pass."""
    empties_s: Spread | None
    """When they were that few again, for good."""
    without: int
    """Replications that had no queue."""


class Queue(Part):
    """How long does the queue last?"""

    connections: int
    """Of all workers: who finds more attempts than that waits for sure."""
    step_s: float
    """The series begin at 0 and have one value for each step."""
    last_arrival_s: float
    """Nobody comes after that, but for repeated attempts."""
    replications: int
    strategies: tuple[StrategyQueue, ...]


class StrategyOversell(Part):
    """Units sold beyond the stock."""

    strategy: str
    safe: bool
    oversold: tuple[int, ...]
    """Of each replication, sorted."""
    mean: float
    p95: float
    """19 of 20 replications had no more."""
    none_share: float
    """Of the replications, those that oversold nothing."""
    bound: float | None
    """Of a control that never oversold: with 95 % confidence a run oversells with no larger a chance (rule of
    three). Null for a safe strategy, which oversells none by construction."""


class Oversell(Part):
    """How much is oversold?"""

    stock: int
    replications: int
    strategies: tuple[StrategyOversell, ...]


class Prices(Part):
    """What machines cost, from a price file. Money is in `currency`, whatever it is."""

    currency: str = Field(min_length=1, max_length=10)
    core_hour: float = Field(ge=0)
    """An hour of a core that runs workers or the consumer."""
    database_core_hour: float = Field(ge=0)
    """An hour of a core of the database."""
    redis_gib_hour: float = Field(ge=0)
    """An hour of a GiB of Redis; its CPU is taken to be paid with it."""
    redis_gib: float = Field(default=1.0, gt=0)
    """So large a Redis is kept, under a strategy that needs one."""
    kept_hours: float = Field(default=1.0, gt=0)
    """Machines are kept for so long for one drop, busy or not."""


class StrategyCost(Part):
    """For a thousand orders that can be delivered, in the currency of the prices."""

    strategy: str
    application: float
    """The cores that workers and consumer kept busy over the whole drop, sold-out answers included."""
    database: float
    redis: float
    """For the whole drop, from its first second to the last answer."""
    total: Spread
    """Over replications."""
    while_selling: float | None
    """The same while orders come fastest: what orders cost when few are sent away. Null where a replication
    took fewer than two orders."""
    kept: float
    """If all cores are paid for `kept_hours`, each at the price of whoever uses it; and Redis as well."""
    delivered: float
    """Orders that can be delivered: those taken, less the share of them that was oversold."""


class Cost(Part):
    """What do a thousand orders cost?"""

    prices: Prices
    source: str
    """Where the prices are from."""
    is_example: bool
    """They are made up."""
    replications: int
    strategies: tuple[StrategyCost, ...]
