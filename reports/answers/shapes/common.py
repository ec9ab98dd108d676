"""What several answers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Literal, Self

from reports.metrics import rank
from reports.shapes import Metrics, Part
from scenarios.history import Outcome

Whose = Literal["buyers", "everyone", "both"]


class Spread(Part):
    """A figure over replications."""

    mean: float
    """Of all replications."""
    low: float
    """One more replication would lie between these two, as `intervals` in `summary.json`."""
    high: float
    """The other end."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of one value or more."""
        ordered, nth = sorted(values), rank(len(values))
        return cls(mean=fmean(ordered), low=ordered[nth - 1], high=ordered[-nth])


class Estimate(Part):
    """What is not known exactly, but to lie within an interval."""

    mean: float
    low: float
    high: float


class Objective(Part):
    """What a crowd is promised."""

    p99_ms: float
    """99 of 100 are to have their answer within so long."""
    of: Whose
    """Of whom: of the orders that were taken, of all attempts to order, or of each of both."""
    unknown_share: float
    """Of all attempts, at most this share may end without an answer."""

    def wait_ms(self, metrics: Metrics) -> float | None:
        """How long 99 of 100 waited, the longer one of both; None where nobody asked or bought."""
        groups = {"buyers": ["bought"], "everyone": ["order"], "both": ["bought", "order"]}[self.of]
        waits = [metrics.latency_ms[name].p99 for name in groups if name in metrics.latency_ms]
        return max(waits, default=None)

    def is_kept(self, wait_ms: float | None, unknown_share: float) -> bool:
        """Whether such a run keeps the promise; one of which nothing is known does not."""
        return wait_ms is not None and wait_ms <= self.p99_ms and unknown_share <= self.unknown_share

    @property
    def sentence(self) -> str:
        """The promise in words."""
        whom = {
            "buyers": "99 of 100 buyers",
            "everyone": "99 of 100 who ask",
            "both": "99 of 100 buyers, and 99 of 100 of all who ask,",
        }[self.of]
        return (
            f"{whom} have their answer within {self.p99_ms:,.0f} ms, "
            f"and no more than {self.unknown_share * 100:g} % have none"
        )


def nobody_asked(runs: Sequence[Metrics]) -> bool:
    """There was no attempt in any of the runs, so that no promise was broken to anybody."""
    return not any(sum(run.outcomes.values()) for run in runs)


def unknown_share(metrics: Metrics) -> float:
    """Of all attempts, those that ended without an answer."""
    attempts = sum(metrics.outcomes.values())
    return metrics.outcomes[Outcome.UNKNOWN] / attempts if attempts else 0.0


class Figure(Part):
    """A figure of a run that a question is about."""

    path: str
    """In the metrics of a run."""
    title: str
    unit: str
    better: Literal["more", "less"] = "less"
    """Which way a strategy is better than another."""
