"""The drop itself, many times over: what the questions about its queue, its oversell and its cost share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.display import Live
from harness.questions.asking import Asking
from harness.scope import REPLICATIONS
from reports import metrics
from reports.series import Series, observe
from reports.shapes import Metrics
from scenarios.conditions import Conditions
from scenarios.record import Record
from simulator.variants import Variant

Floats = NDArray[np.float64]


class Wait(NamedTuple):
    """From when on there were more attempts than connections, and until when, in seconds."""

    begins_s: float
    ends_s: float


class Drop(NamedTuple):
    """One replication.

    `wait` is None where there was no queue. `busy_core_s` has the core-seconds by role; `ends_s` is the
    moment of the last answer.
    """

    metrics: Metrics
    over_time: Series
    wait: Wait | None
    busy_core_s: dict[str, float]
    ends_s: float


@dataclass
class Drops:
    """The replications, made once for whoever asks first."""

    _seen: dict[str, list[Drop]] = field(default_factory=dict)
    _is_counted: bool = False

    def expected_s(self, asking: Asking) -> float:
        """About how long they take: for the first question that wants to know; the others find them made."""
        first, self._is_counted = not self._is_counted, True
        return asking.expected_s(number(asking) * len(asking.strategies)) if first else 0.0

    def of(self, asking: Asking, live: Live) -> dict[str, list[Drop]]:
        """All replications, by strategy."""
        if not self._seen:
            variants = {strategy.name: asking.variant(strategy.name) for strategy in asking.strategies}
            self._seen = asking.play(variants, seen, number(asking), live)
        return self._seen


def number(asking: Asking) -> int:
    """Of replications."""
    return asking.replications or REPLICATIONS


def seen(record: Record, variant: Variant) -> Drop:
    """What is kept of one replication."""
    sent, done = (np.sort(record.history[name].to_numpy()) for name in ("sent_s", "done_s"))
    return Drop(
        metrics=metrics.measure(record),
        over_time=observe(record.history, variant.scenario),
        wait=queue_of(sent, done, more_than=variant.workers * variant.pool_size),
        busy_core_s=_busy_core_s(record.conditions),
        ends_s=float(done.max(initial=0.0)),
    )


def queue_of(sent_s: Floats, done_s: Floats, *, more_than: int) -> Wait | None:
    """From the first moment with `more_than` so many under way to the last; both arrays are sorted.

    The number is above n from the sending of one more than were answered and n others, until the answer that
    leaves n.
    """
    under_way = np.arange(1, len(sent_s) + 1) - np.searchsorted(done_s, sent_s, side="right")
    above = np.flatnonzero(under_way > more_than)
    if not len(above):
        return None
    last = int(above[-1])
    answered = last + 1 - int(under_way[last])
    left = int(under_way[last]) - more_than
    return Wait(float(sent_s[above[0]]), float(done_s[answered + left - 1]))


def _busy_core_s(conditions: Conditions) -> dict[str, float]:
    begins = [0.0, *(sample.at_s for sample in conditions.samples)]
    spent = dict.fromkeys(("worker", "consumer", "database", "redis"), 0.0)
    for begin_s, sample in zip(begins, conditions.samples, strict=False):
        for role in spent:
            spent[role] += getattr(sample, role) * (sample.at_s - begin_s)
    return spent
