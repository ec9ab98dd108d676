"""How long the queue lasts: attempts in the system over time, and when they are as few as its connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

import numpy as np

from harness.display import Live
from harness.questions.asking import Asking, nobody_orders
from harness.questions.drops import Drop, Drops, number
from reports.answers.shapes import Queue, Spread, StrategyQueue
from reports.metrics import interval, rank
from reports.series import Series, on_one_grid, stacked


@dataclass(frozen=True)
class HowLongAQueue:
    """Asks for the attempts in the system over time."""

    drops: Drops
    name: ClassVar = "queue"
    title: ClassVar = "how long the queue lasts"

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        return self.drops.expected_s(asking)

    def answer(self, asking: Asking, live: Live) -> Queue:
        """From the replications of the drop."""
        drops = self.drops.of(asking, live)
        over_time = iter(on_one_grid([drop.over_time for every in drops.values() for drop in every]))
        drawn = {name: [next(over_time) for _ in every] for name, every in drops.items()}
        return Queue(
            connections=asking.axes.workers * asking.axes.pool_size,
            step_s=next(iter(drawn.values()))[0].step_s,
            last_arrival_s=asking.scenario.duration_s,
            replications=number(asking),
            strategies=tuple(
                _concluded(name, every, drawn[name], misfit=asking.profile.misfits.get("peak_in_system", 0.0))
                for name, every in drops.items()
            ),
        )


def _concluded(
    strategy: str, drops: Sequence[Drop], over_time: Sequence[Series], *, misfit: float
) -> StrategyQueue:
    """`misfit`: of the model, in the most attempts at one moment."""
    ordered = np.sort(stacked([one.in_system for one in over_time]), axis=0)
    nth = rank(len(ordered))
    waits = [drop.wait for drop in drops if drop.wait]
    peaks = [drop.metrics.peak_in_system for drop in drops]
    peak = interval(peaks, misfit)
    return StrategyQueue(
        strategy=strategy,
        median=tuple(np.median(ordered, axis=0).tolist()),
        low=tuple(ordered[nth - 1].tolist()),
        high=tuple(ordered[-nth].tolist()),
        peak=Spread(mean=fmean(peaks), low=peak.low, high=peak.high),
        begins_s=Spread.of([wait.begins_s for wait in waits]) if waits else None,
        empties_s=Spread.of([wait.ends_s for wait in waits]) if waits else None,
        without=len(drops) - len(waits),
    )
