"""How many shoppers until the objective breaks: crowds of many sizes, then a search for where it does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, geometric_mean, mode
from typing import ClassVar

from harness.display import Live
from harness.questions.asking import Asking, measured, nobody_orders
from harness.questions.knees import breaking_point, knee
from reports.answers.shapes import (
    Capacity,
    CrowdPoint,
    Objective,
    StrategyCapacity,
    nobody_asked,
    unknown_share,
)
from reports.experiment import StrategyUnderTest
from reports.shapes import Metrics

_CROWDS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)  # times the rehearsed one
_APART = 1.02  # times: the last crowd that keeps the objective and the first that breaks it, in the end
_HALVINGS = 6  # that this takes: of the logarithm of a factor of 2
_SEARCHING = 9  # replications: the p99 of 300 buyers is that of three of them, and three runs are too few

Points = dict[float, CrowdPoint]
"""By how many times the rehearsed crowd it is."""


@dataclass(frozen=True)
class HowManyShoppers:
    """Asks for the largest crowd that keeps an objective."""

    objective: Objective
    name: ClassVar = "capacity"
    title: ClassVar = "how many shoppers until the objective breaks"

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        return nobody_orders(asking)

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        crowds = [*_CROWDS, *[1.0] * _HALVINGS]
        runs = [asking.paces] * len(_CROWDS) + [_searching(asking)] * _HALVINGS
        return sum(
            asking.expected_s(several * len(asking.strategies), times * asking.rehearsed)
            for several, times in zip(runs, crowds, strict=True)
        )

    def answer(self, asking: Asking, live: Live) -> Capacity:
        """Try crowds, then halve the distance between the last that is kept and the first that is not."""
        found: dict[str, Points] = {strategy.name: {} for strategy in asking.strategies}
        self._try(asking, dict.fromkeys(found, _CROWDS), found, asking.paces, live)
        while any((between := {name: _halfway(points) for name, points in found.items()}).values()):
            self._try(asking, between, found, _searching(asking), live)
        return Capacity(
            objective=self.objective,
            rehearsed=asking.rehearsed,
            replications=asking.paces,
            searched=_searching(asking),
            strategies=tuple(
                self._concluded(asking, strategy, found[strategy.name]) for strategy in asking.strategies
            ),
        )

    def _try(
        self,
        asking: Asking,
        crowds: Mapping[str, Iterable[float]],
        found: Mapping[str, Points],
        replications: int,
        live: Live,
    ) -> None:
        variants = {
            (name, times): asking.variant(name, asking.scenario.crowded(times))
            for name, every in crowds.items()
            for times in every
        }
        for (name, times), runs in asking.sweep(variants, measured, replications, live).items():
            found[name][times] = self._point(times * asking.rehearsed, runs)

    def _point(self, arrivals: float, runs: Sequence[Metrics]) -> CrowdPoint:
        waits = [wait for run in runs if (wait := self.objective.wait_ms(run)) is not None]
        wait_ms = geometric_mean(waits) if waits else None  # of factors, as paces are: the centre stays one
        unknown = fmean(unknown_share(run) for run in runs)
        return CrowdPoint(
            arrivals=arrivals,
            wait_ms=wait_ms,
            orders_per_s=fmean(run.orders_per_s for run in runs),
            unknown_share=unknown,
            bound_by=mode(run.bound_by for run in runs),
            kept=nobody_asked(runs) or self.objective.is_kept(wait_ms, unknown),
        )

    def _concluded(self, asking: Asking, strategy: StrategyUnderTest, points: Points) -> StrategyCapacity:
        ordered = [points[times] for times in sorted(points)]
        breaks_at = breaking_point(
            [(point.arrivals, point.wait_ms or 0.0, point.kept) for point in ordered], self.objective.p99_ms
        )
        return StrategyCapacity(
            strategy=strategy.name,
            points=tuple(ordered),
            breaks_at=breaks_at,
            headroom=None if breaks_at is None else breaks_at / asking.rehearsed - 1,
            knee_at=_knee(ordered),
            binds_now=points[1.0].bound_by,
            binds_beyond=points[_too_large(points)].bound_by,
        )


def _searching(asking: Asking) -> int:
    """Replications of each crowd between the last that keeps the objective and the first that does not."""
    return asking.replications or _SEARCHING


def _knee(points: Sequence[CrowdPoint]) -> float | None:
    """Of those crowds in which orders were taken at all."""
    found = [(point.arrivals, point.orders_per_s) for point in points if point.orders_per_s > 0]
    if len(found) < 2:
        return None
    return knee([crowd for crowd, _ in found], [pace for _, pace in found])


def _halfway(points: Points) -> list[float]:
    """Half way, in factors, between the last crowd that keeps the objective and the first that breaks it.

    Nothing where they are close enough to each other, or there are no two.
    """
    too_large = _too_large(points)
    smaller = max((times for times in points if times < too_large), default=too_large)
    if points[too_large].kept or too_large <= _APART * smaller:
        return []
    return [math.sqrt(smaller * too_large)]


def _too_large(points: Points) -> float:
    """The smallest crowd that breaks the objective, or the largest of all where none does."""
    return min((times for times, point in points.items() if not point.kept), default=max(points))
