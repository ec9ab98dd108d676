"""The strategies of a run in the order in which they are shown: what an answer means first, then the pace.

Whether an acknowledged order is committed or only queued makes two contests: no figure of one is ranked with
one of the other. Controls are shown last in theirs, without a rank: what is wrong cannot be ahead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from reports.summary import StrategySummary
from scenarios.scenario import Scenario

_CONTESTS = {
    "committed": "Committed before the answer",
    "queued": "Queued first, committed later",
}


class Place(NamedTuple):
    """A strategy with its rank among those like it; None for one that did not keep the invariants."""

    rank: int | None
    strategy: StrategySummary


class Contest(NamedTuple):
    """The strategies whose acknowledgement means the same, ranked."""

    ack: str
    title: str
    places: tuple[Place, ...]


def contests(strategies: Sequence[StrategySummary], scenario: Scenario) -> list[Contest]:
    """Those that some strategy takes part in, each ranked by the orders taken a second.

    Where the stock lasts they are taken as they come, and the rank is by the wait of the 99th of 100 buyers.
    """
    found = []
    for ack, title in _CONTESTS.items():
        entered = [strategy for strategy in strategies if strategy.ack == ack]
        if entered:
            found.append(Contest(ack, title, _placed(entered, by=_pace if scenario.sells_out else _patience)))
    return found


def in_order(strategies: Sequence[StrategySummary], scenario: Scenario) -> list[StrategySummary]:
    """All strategies, as the contests have them."""
    return [place.strategy for contest in contests(strategies, scenario) for place in contest.places]


def _pace(strategy: StrategySummary) -> float:
    return -strategy.figures.orders_per_s


def _patience(strategy: StrategySummary) -> float:
    latency = strategy.figures.latency_ms.get("bought")
    return latency.p99 if latency else math.inf


def _placed(
    entered: Sequence[StrategySummary], *, by: Callable[[StrategySummary], float]
) -> tuple[Place, ...]:
    fastest_first = sorted(entered, key=by)
    ranked = [strategy for strategy in fastest_first if _in_the_running(strategy)]
    others = [strategy for strategy in fastest_first if not _in_the_running(strategy)]
    others.sort(key=lambda strategy: not strategy.safe)  # controls last
    places = [Place(rank, strategy) for rank, strategy in enumerate(ranked, start=1)]
    return (*places, *(Place(None, strategy) for strategy in others))


def _in_the_running(strategy: StrategySummary) -> bool:
    return strategy.safe and strategy.audit.verdict != "fail" and strategy.validity.verdict == "valid"
