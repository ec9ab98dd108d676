"""The strategies of a run in the order in which they are shown: what an answer means first, then the waits.

Whether an acknowledged order is committed or only queued makes two contests: no figure of one is ranked with
one of the other. Controls are shown last in theirs, without a place: what is wrong cannot be ahead.

A place is one more than the number of strategies that are told apart as better (see `telling_apart`). Of
three, the first and the last may be told apart, and the middle one from neither: then it is first as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from reports.shapes import Aggregate
from reports.summary import StrategySummary
from reports.telling_apart import Spread, distance, pairs_of
from scenarios.scenario import Scenario

PACE = "orders_per_s"
FEWEST_SECONDS, FEWEST_ORDERS = 2.0, 1000
"""What must stand behind orders a second in every run, so that they may be ranked or bounded."""

_CONTESTS = {
    "committed": "Committed before the answer",
    "queued": "Queued first, committed later",
}


class Criterion(NamedTuple):
    """What a rank goes by: the path of the figure, in ms, and whose 99th of 100 it is."""

    path: str
    whose: str


_OF_ALL = Criterion("latency_ms.order.p99", "attempts to order")
_OF_BUYERS = Criterion("latency_ms.bought.p99", "orders taken")


class Place(NamedTuple):
    """A strategy with its place; None for one out of the running, or where nothing can be told apart."""

    rank: int | None
    strategy: StrategySummary


class Contest(NamedTuple):
    """The strategies whose acknowledgement means the same, in order.

    `spread` is that of the criterion over all repeats of the run, None where no strategy has two.
    """

    ack: str
    title: str
    places: tuple[Place, ...]
    running: tuple[StrategySummary, ...]
    criterion: Criterion
    spread: Spread | None


def criterion(scenario: Scenario) -> Criterion:
    """In a spike the waits of all who asked; where the stock lasts those of the buyers.

    Where it lasts, nobody is sent away but by a fault, and a fast refusal must not flatter.
    """
    return _OF_ALL if scenario.sells_out else _OF_BUYERS


def rests_on_enough(figures: Aggregate) -> bool:
    """Whether orders a second rest on enough seconds and orders to be ranked, in every run."""
    bounds = figures.intervals
    return (
        bounds["busiest_stretch.length_s"].low >= FEWEST_SECONDS
        and bounds["busiest_stretch.orders"].low >= FEWEST_ORDERS
    )


def contests(strategies: Sequence[StrategySummary], scenario: Scenario) -> list[Contest]:
    """Those that some strategy takes part in, with all of its strategies."""
    by = criterion(scenario)
    spread = Spread.pooled([waits(one, by) for one in strategies if _counts(one, by, scenario)])
    found = []
    for ack, title in _CONTESTS.items():
        entered = [strategy for strategy in strategies if strategy.ack == ack]
        if entered:
            found.append(_contest(ack, title, entered, by, spread))
    return found


def in_order(strategies: Sequence[StrategySummary], scenario: Scenario) -> list[StrategySummary]:
    """All strategies, as the contests have them."""
    return [place.strategy for contest in contests(strategies, scenario) for place in contest.places]


def waits(strategy: StrategySummary, by: Criterion) -> tuple[float, ...]:
    """The figure of the criterion in each run, in ms; none where nobody waited for such an answer."""
    return tuple(ms for ms in strategy.figures.by_run.get(by.path, ()) if ms > 0)


def _counts(strategy: StrategySummary, by: Criterion, scenario: Scenario) -> bool:
    """Whether its repeats say how far repeats spread: where shoppers gave up, they repeat their patience."""
    given_up = max(waits(strategy, by), default=0) >= scenario.shoppers.patience_s * 1000
    return strategy.validity.verdict == "valid" and not given_up


def _contest(
    ack: str, title: str, entered: Sequence[StrategySummary], by: Criterion, spread: Spread | None
) -> Contest:
    quickest_first = sorted(entered, key=lambda one: distance((1.0,), waits(one, by) or (math.inf,)))
    running = [one for one in quickest_first if _in_the_running(one, by)]
    others = [one for one in quickest_first if not _in_the_running(one, by)]
    others.sort(key=lambda one: not one.safe)  # controls last
    places = [Place(_place(one, running, by, spread), one) for one in running]
    places.sort(key=lambda place: place.rank or 0)
    return Contest(
        ack,
        title,
        (*places, *(Place(None, one) for one in others)),
        tuple(place.strategy for place in places),
        by,
        spread,
    )


def _place(
    strategy: StrategySummary, running: Sequence[StrategySummary], by: Criterion, spread: Spread | None
) -> int | None:
    """One more than the number of those that are told apart as better."""
    if spread is None:
        return None
    pairs = pairs_of(running)
    return 1 + sum(_is_better(one, strategy, by, spread, pairs) for one in running)


def _is_better(
    one: StrategySummary, other: StrategySummary, by: Criterion, spread: Spread, pairs: int
) -> bool:
    """Whether the waits under `one` are shorter, by more than chance allows.

    Replications show the chance that is in the model, and not how far the model is off. So where nothing was
    measured, the intervals, which hold its misfit, must not meet.
    """
    if one.measured:
        own, theirs = waits(one, by), waits(other, by)
        return distance(own, theirs) > 0 and spread.tells_apart(own, theirs, pairs=pairs)
    return one.figures.intervals[by.path].high < other.figures.intervals[by.path].low


def _in_the_running(strategy: StrategySummary, by: Criterion) -> bool:
    sound = strategy.safe and strategy.audit.verdict != "fail"
    return sound and strategy.validity.verdict == "valid" and bool(waits(strategy, by))
