"""The shapes of the figures of a run: what `measured` and `predicted` look like in `summary.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

Number = int | float


class Part(BaseModel):
    """Immutable, complete, with the docstring of a field as its description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Units(Part):
    """Units of all SKUs together, from the books."""

    stock: Number
    """There to be sold: the initial stock and what was restocked."""
    sold: Number
    """In the orders of the books; the stock counter is not asked."""
    oversold: Number
    """Sold of a SKU beyond its stock, summed over SKUs."""
    undersold: Number
    """Left over, though a shopper who wanted no more than what was left was told it is sold out."""
    false_sold_out: Number
    """Attempts told sold out although as many units of every SKU that they asked for were booked in an order
    that was begun after that answer (it was sent then, or got its connection then), or were left at the end.
    A strategy that is `exact` was right at that moment, and units that others held came back later. SKUs that
    were restocked do not count."""


class Percentiles(Part):
    """Of all attempts that ended so, in ms; each percentile is the time of an attempt (nearest rank)."""

    p50: Number
    """Half of them took no longer."""
    p95: Number
    """19 of 20 took no longer."""
    p99: Number
    """99 of 100 took no longer."""
    max: Number
    """The slowest."""


class Retries(Part):
    """Who tried again."""

    shoppers: Number
    """Attempts that repeat an earlier one with the same idempotency key."""
    strategy: Number
    """Tries of the strategy beyond the first within one attempt, as far as an answer told of them."""


class Utilisation(Part):
    """Cores kept busy over the busiest stretch."""

    worker: Number
    """By the system's worker processes."""
    consumer: Number
    """By the process that decides queued orders; 0 where the strategy has none."""
    database: Number
    """By PostgreSQL."""
    redis: Number
    """By Redis."""
    generator: Number
    """By the load generator; 0 in a prediction."""
    share: Number
    """Of the cores the system may use, from 0 to 1; with the generator where it ran on them too."""


class TimeShares(Part):
    """Where the time of an order goes, from its sending to its final answer: shares that add up to 1.

    Of the orders taken in the busiest stretch, as their spans say; the time in statements is split as the
    database's connections were found meanwhile: at work, waiting for a lock, or waiting for the disk.
    """

    worker: Number
    """In no span: waiting for the worker process, at work in it, and on the wire."""
    pool: Number
    """Waiting for a connection."""
    lock: Number
    """Waiting for a lock: of a row, an advisory one, or a lease in Redis."""
    flush: Number
    """Waiting for the disk, mostly for the flush of a commit; 0 where nobody looked, such as in the model."""
    database: Number
    """The rest of the time in statements."""
    redis: Number
    """In calls to Redis other than for a lease."""
    queue: Number
    """In a batch with others, or queued for whoever decides: for its turn, and until it is done."""


class BusiestStretch(Part):
    """The shortest time in which half of the orders were taken; 0 and 0 with fewer than two orders."""

    length_s: Number
    """How long it was."""
    orders: Number
    """How many orders it holds."""


class Metrics(Part):
    """The figures of one run, or their means over several.

    The busiest stretch is the shortest time in which half of the orders were taken: neither the lull before a
    release nor the tail after it dilutes what is stated over it.
    """

    offered: Number
    """Journeys that were due."""
    sent: Number
    """Journeys that were begun."""
    dropped: Number
    """Journeys that were due and not begun."""
    completed: Number
    """Journeys whose last attempt got a final answer within the shopper's patience, whatever it said."""
    outcomes: dict[str, Number]
    """Attempts by outcome; every outcome is there, with 0 when no attempt ended so."""
    units: Units
    """What became of the stock."""
    sold_out_after_s: Number | None
    """From the first arrival until the orders of the books had taken the last unit there was, of every SKU;
    null where the stock lasted."""
    orders_per_s: Number
    """Orders acknowledged per second over the busiest stretch; 0 with fewer than two orders."""
    busiest_stretch: BusiestStretch
    """What `orders_per_s` stands on."""
    latency_ms: dict[str, Percentiles]
    """From the intended time to the final answer, by outcome, for those that occurred; `order` is every
    attempt to order, whatever its outcome; `acknowledged` is to the 202 of those that were queued."""
    peak_in_system: Number
    """The most attempts that were sent and not yet answered at one moment: the longest queue."""
    queue_gone_after_s: Number | None
    """From the first arrival until, after the longest queue, no more attempts were under way than the system
    has database connections, for the first time; null where there never were more."""
    retries: Number
    """Tries that were repeated, by shoppers and by the strategy."""
    retries_by: Retries
    """The same, by who repeated."""
    conflicts_alone: Number
    """Attempts told of a conflict while no other attempt was under way for one of their SKUs or by their
    shopper. Nothing is broken by it: a restock or the shop's own upkeep can be in between, too."""
    spans_ms: dict[str, Number]
    """Mean time that an order taken in the busiest stretch spent in each step, as `Server-Timing` has it."""
    time_shares: TimeShares | None
    """Where the time of an order goes; null where no order was taken that told of its steps."""
    vain_tries: Number
    """Of the strategy's tries to place an order in the busiest stretch, the share without effect."""
    utilisation: Utilisation | None
    """Cores busy over the busiest stretch; null where the machine does not tell the CPU time of processes."""
    bound_by: str
    """What kept orders from being taken faster in the busiest stretch; of several runs, the most frequent."""


class Interval(Part):
    """Between two of the sorted values of the runs."""

    low: Number
    """The lowest value, or of 39 runs and more a low one: the last that leaves 90 % in between."""
    high: Number
    """The highest, or as far from it."""


class Aggregate(Metrics):
    """The means over runs, and between which values the next run would lie."""

    runs: int
    """Repeats or replications that these figures are of."""
    runs_with: dict[str, int]
    """For each figure that some runs have and others not, under its path: how many have it. Its mean and its
    interval are over those."""
    coverage: Number
    """The chance that one more run like these would lie within an interval, for a figure that all have."""
    intervals: dict[str, Interval]
    """For each figure, under its path, such as `units.oversold`."""
    by_run: dict[str, tuple[Number, ...]]
    """The value in each run that has it, in their order: of the figures that a rank can go by, by path."""

    def at(self, path: str) -> Number | None:
        """The mean of the figure at a path, such as `units.sold`; None where no run has it."""
        found = dict(leaves(self.model_dump(include=set(Metrics.model_fields)))).get(path)
        return found if isinstance(found, int | float) else None


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is not itself a mapping, with its dotted path."""
    for key, value in tree.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from leaves(value, here)
        else:
            yield here, value
