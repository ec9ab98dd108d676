"""The columns of the tables of strategies: what is shown first of a spike, and of a stock that lasts."""

from __future__ import annotations

from typing import NamedTuple

from scenarios.scenario import Scenario


class Column(NamedTuple):
    """A figure in a table of strategies: its heading, its path, and what it means."""

    heading: str
    path: str
    meaning: str


class Columns(NamedTuple):
    """Of the table of a contest, and of the one that is folded away below it."""

    first: tuple[Column, ...]
    more: tuple[Column, ...]


_OVERSOLD = Column("oversold", "units.oversold", "units sold beyond the stock")
_FALSE_SOLD_OUT = Column(
    "false sold out",
    "units.false_sold_out",
    "attempts told sold out although their cart could still be had, then or later",
)
_CONFLICTS = Column("conflicts", "outcomes.conflict", "attempts told to try again: others were in the way")
_SOLD_OUT_AFTER = Column(
    "sold out after, s", "sold_out_after_s", "from the first arrival until the last unit was taken"
)
_LONGEST_QUEUE = Column("longest queue", "peak_in_system", "the most attempts under way at one moment")
_QUEUE_GONE_AFTER = Column(
    "queue gone after, s",
    "queue_gone_after_s",
    "from the first arrival until, after the longest queue, no more attempts were under way than there are "
    "database connections",
)
_SHARES = {"p50": "half", "p95": "19 of 20", "p99": "99 of 100"}
_ALL = tuple(
    Column(f"all who asked, {percentile} ms", f"latency_ms.order.{percentile}", f"{share} took no longer")
    for percentile, share in _SHARES.items()
)
_BUYERS = tuple(
    Column(
        f"buyers, {percentile} ms",
        f"latency_ms.bought.{percentile}",
        f"{share} of the orders taken took no longer",
    )
    for percentile, share in _SHARES.items()
)
_UNTIL_QUEUED = tuple(
    Column(
        f"until queued, {percentile} ms",
        f"latency_ms.acknowledged.{percentile}",
        f"{_SHARES[percentile]} were told no later that their order is queued (the 202)",
    )
    for percentile in ("p50", "p99")
)
_PACE = (
    Column("orders/s", "orders_per_s", "in the shortest time that holds half of the orders"),
    Column("over, s", "busiest_stretch.length_s", "how long that time was"),
    Column("orders in it", "busiest_stretch.orders", "how many orders it holds"),
)


def columns(scenario: Scenario, ack: str) -> Columns:
    """Those of a contest, by what an acknowledgement means in it."""
    until_queued = _UNTIL_QUEUED if ack == "queued" else ()
    spike = (_SOLD_OUT_AFTER, _LONGEST_QUEUE, _QUEUE_GONE_AFTER)
    if scenario.sells_out:
        return Columns(
            (_OVERSOLD, _FALSE_SOLD_OUT, *spike, *_ALL), (_CONFLICTS, *until_queued, *_BUYERS, *_PACE)
        )
    first = (_OVERSOLD, _CONFLICTS, _LONGEST_QUEUE, *until_queued, *_BUYERS, _PACE[0])
    return Columns(first, (_FALSE_SOLD_OUT, _SOLD_OUT_AFTER, _QUEUE_GONE_AFTER, *_ALL, *_PACE))
