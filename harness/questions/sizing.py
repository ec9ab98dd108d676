"""How many cores, workers and connections for so many arrivals: a grid of systems under the same crowd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, geometric_mean
from typing import ClassVar, NamedTuple

from harness.display import Live
from harness.questions.asking import Asking, measured, nobody_orders
from reports.answers.shapes import (
    Cell,
    Objective,
    Sizing,
    StrategySizing,
    System,
    nobody_asked,
    unknown_share,
)
from reports.shapes import Metrics
from simulator.variants import Variant

_CORES = (1, 2, 4)  # times those of the calibration
_WORKERS = (1, 2, 4)
_POOLS = (2, 5, 10, 20)


class _Size(NamedTuple):
    """The size of a system."""

    cores: int
    workers: int
    pool_size: int


@dataclass(frozen=True)
class HowLarge:
    """Asks for the smallest system that keeps an objective. `arrivals`: None for those of the scenario."""

    objective: Objective
    arrivals: float | None = None
    name: ClassVar = "sizing"
    title: ClassVar = "how many cores, workers and connections"

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this."""
        if asking.safe:
            return nobody_orders(asking)
        names = ", ".join(strategy.name for strategy in asking.strategies)
        return f"{names} oversell, and no size of a system mends that; expected at least one that is safe"

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""
        grid = len(list(_systems(asking))) * len(asking.safe)
        return asking.expected_s(grid * asking.paces, self._crowd(asking))

    def answer(self, asking: Asking, live: Live) -> Sizing:
        """Try every system under every safe strategy."""
        crowd = self._crowd(asking)
        scenario = asking.scenario.crowded(crowd / asking.rehearsed)
        variants = {
            (strategy.name, system): sized(asking.variant(strategy.name, scenario), system)
            for strategy in asking.safe
            for system in _systems(asking)
        }
        runs = asking.sweep(variants, measured, asking.paces, live)
        return Sizing(
            objective=self.objective,
            arrivals=crowd,
            replications=asking.paces,
            calibrated=System(
                cores=asking.profile.system_cores,
                workers=asking.profile.workers,
                pool_size=asking.profile.pool_size,
            ),
            left_out=tuple(strategy.name for strategy in asking.strategies if not strategy.safe),
            strategies=tuple(
                _concluded(
                    strategy.name,
                    [self._cell(system, runs[strategy.name, system]) for system in _systems(asking)],
                )
                for strategy in asking.safe
            ),
        )

    def _crowd(self, asking: Asking) -> float:
        return asking.rehearsed if self.arrivals is None else self.arrivals

    def _cell(self, system: _Size, runs: Sequence[Metrics]) -> Cell:
        waits = [wait for run in runs if (wait := self.objective.wait_ms(run)) is not None]
        wait_ms = geometric_mean(waits) if waits else None
        unknown = fmean(unknown_share(run) for run in runs)
        return Cell(
            **system._asdict(),
            wait_ms=wait_ms,
            unknown_share=unknown,
            kept=nobody_asked(runs) or self.objective.is_kept(wait_ms, unknown),
        )


def sized(variant: Variant, system: _Size) -> Variant:
    """The same run on a system of that size."""
    profile = variant.profile.model_copy(update={"system_cores": system.cores})
    return replace(variant, profile=profile, workers=system.workers, pool_size=system.pool_size)


def _systems(asking: Asking) -> Iterator[_Size]:
    """The grid, with the size that is asked about in it."""
    for cores in _CORES:
        for workers in sorted({*_WORKERS, asking.axes.workers}):
            for pool_size in sorted({*_POOLS, asking.axes.pool_size}):
                yield _Size(cores * asking.profile.system_cores, workers, pool_size)


def _concluded(strategy: str, cells: Sequence[Cell]) -> StrategySizing:
    return StrategySizing(strategy=strategy, cells=tuple(cells), smallest=smallest(cells))


def smallest(cells: Sequence[Cell]) -> Cell | None:
    """The cheapest that keeps the objective: cores cost most, then processes, then connections in all."""
    kept = [cell for cell in cells if cell.kept]
    return min(kept, key=lambda cell: (cell.cores, cell.workers, cell.workers * cell.pool_size), default=None)
