"""How many shoppers until the objective breaks: crowds of many sizes, more of them about where it does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, mode
from typing import ClassVar

from harness.display import Live
from harness.questions.asking import Asking, measured, nobody_orders, size
from harness.questions.knees import breaking_point, knee
from reports.answers.shapes import (
    Capacity,
    CrowdPoint,
    Objective,
    Spread,
    StrategyCapacity,
    nobody_asked,
    unknown_share,
)
from reports.experiment import StrategyUnderTest
from reports.shapes import Metrics
from simulator.variants import Variant

_CROWDS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)  # times the rehearsed one
_HALVINGS = 2  # of the distance between the last crowd that keeps the objective and the first that does not
_RELIEF = 4  # times the cores and the workers
_REPLICATIONS = 2

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
        crowds = [*_CROWDS, *[1.0] * _HALVINGS, _CROWDS[-1] / 2]
        runs = (asking.replications or _REPLICATIONS) * len(asking.strategies)
        return sum(asking.expected_s(runs, times * asking.rehearsed) for times in crowds)

    def answer(self, asking: Asking, live: Live) -> Capacity:
        """Try crowds, then others between them, then a stronger machine at the one that was too large."""
        replications = asking.replications or _REPLICATIONS
        found: dict[str, Points] = {strategy.name: {} for strategy in asking.strategies}
        self._try(asking, dict.fromkeys(found, _CROWDS), found, replications, live)
        for _ in range(_HALVINGS):
            between = {name: _halfway(points) for name, points in found.items()}
            self._try(asking, between, found, replications, live)
        relieved = self._relieved(asking, found, replications, live)
        return Capacity(
            objective=self.objective,
            rehearsed=asking.rehearsed,
            replications=replications,
            relieved=size(
                cores=asking.profile.system_cores * _RELIEF,
                workers=asking.axes.workers * _RELIEF,
                pool_size=asking.axes.pool_size,
            ),
            strategies=tuple(
                self._concluded(asking, strategy, found[strategy.name], relieved[strategy.name])
                for strategy in asking.strategies
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
        for (name, times), runs in asking.play(variants, measured, replications, live).items():
            found[name][times] = self._point(times * asking.rehearsed, runs)

    def _point(self, arrivals: float, runs: Sequence[Metrics]) -> CrowdPoint:
        waits = [wait for run in runs if (wait := self.objective.wait_ms(run)) is not None]
        unknown = fmean(unknown_share(run) for run in runs)
        return CrowdPoint(
            arrivals=arrivals,
            wait_ms=Spread.of(waits) if waits else None,
            orders_per_s=Spread.of([run.orders_per_s for run in runs]),
            unknown_share=unknown,
            bound_by=mode(run.bound_by for run in runs),
            kept=nobody_asked(runs) or self.objective.is_kept(fmean(waits) if waits else None, unknown),
        )

    def _relieved(
        self, asking: Asking, found: Mapping[str, Points], replications: int, live: Live
    ) -> dict[str, str]:
        """What binds each strategy at the crowd that was too large for it, on a stronger machine."""
        variants = {
            name: stronger(asking.variant(name, asking.scenario.crowded(_too_large(points))))
            for name, points in found.items()
        }
        runs = asking.play(variants, measured, replications, live)
        return {name: mode(run.bound_by for run in every) for name, every in runs.items()}

    def _concluded(
        self, asking: Asking, strategy: StrategyUnderTest, points: Points, relieved: str
    ) -> StrategyCapacity:
        ordered = [points[times] for times in sorted(points)]
        breaks_at = breaking_point(
            [(point.arrivals, _wait_ms(point), point.kept) for point in ordered], self.objective.p99_ms
        )
        return StrategyCapacity(
            strategy=strategy.name,
            points=tuple(ordered),
            breaks_at=breaks_at,
            headroom=None if breaks_at is None else breaks_at / asking.rehearsed - 1,
            knee_at=_knee(ordered),
            binds_now=points[1.0].bound_by,
            binds_beyond=points[_too_large(points)].bound_by,
            binds_next=relieved,
        )


def stronger(variant: Variant) -> Variant:
    """The same crowd on more cores, with more workers: an extrapolation."""
    cores = variant.profile.system_cores * _RELIEF
    return replace(
        variant,
        profile=variant.profile.model_copy(update={"system_cores": cores}),
        workers=variant.workers * _RELIEF,
    )


def _knee(points: Sequence[CrowdPoint]) -> float | None:
    """Of those crowds in which orders were taken at all."""
    found = [(point.arrivals, point.orders_per_s.mean) for point in points if point.orders_per_s.mean > 0]
    if len(found) < 2:
        return None
    return knee([crowd for crowd, _ in found], [pace for _, pace in found])


def _wait_ms(point: CrowdPoint) -> float:
    return point.wait_ms.mean if point.wait_ms else 0.0


def _halfway(points: Points) -> list[float]:
    """Half way, in factors, between the last crowd that keeps the objective and the first that breaks it."""
    too_large = _too_large(points)
    smaller = max((times for times in points if times < too_large), default=None)
    if smaller is None or points[too_large].kept:
        return []
    return [math.sqrt(smaller * too_large)]


def _too_large(points: Points) -> float:
    """The smallest crowd that breaks the objective, or the largest of all where none does."""
    return min((times for times, point in points.items() if not point.kept), default=max(points))
