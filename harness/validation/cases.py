"""What a validation sends: loads that no calibration has seen, relative to what each strategy can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.axes import Axes
from harness.rehearsal import Rehearsal
from reports.experiment import StrategyUnderTest
from reports.validation import Load
from scenarios.scenario import Scenario, load
from scenarios.steady import hot_sku
from simulator.cautions import MOST_SENT_PER_S
from simulator.engine import Engine
from simulator.profile import Profile
from simulator.variants import Variant

SPIKES = {"spike": 1, "larger stock": 3}
"""The loads that are the same for all strategies, which can so be ranked by them: times the stock."""

_ELSEWHERE = 0.85  # of capacity, where the axes are others


@dataclass(frozen=True)
class Loads:
    """Which loads, and for how long.

    `shares` are rates of arrival relative to capacity; `elsewhere` are axes that the calibration has not
    seen; `spikes` are drops, of so much of the time of `sneaker_drop` as `spike_scale` says.
    """

    shares: tuple[float, ...]
    elsewhere: tuple[tuple[str, int], ...]
    spikes: tuple[str, ...]
    steady_s: float
    spike_scale: float

    def __len__(self) -> int:
        return len(self.shares) + len(self.elsewhere) + len(self.spikes)


@dataclass(frozen=True)
class Case:
    """One strategy under one load."""

    strategy: StrategyUnderTest
    load: Load
    scenario: Scenario
    axes: Axes

    @property
    def key(self) -> str:
        """Of the strategy and the load, fit for a file's name."""
        return f"{self.strategy.name}-{self.load.name.replace(' %', '').replace(' ', '_')}"

    def variant(self, profile: Profile, seed: int) -> Variant:
        """The first run of the model that foresees it."""
        return Variant(
            scenario=self.scenario,
            strategy=self.strategy.name,
            profile=profile,
            seed=seed,
            replication=0,
            workers=self.axes.workers,
            pool_size=self.axes.pool_size,
            engine=Engine.COMPILED,
        )

    def rehearsal(self, folder: Path, seed: int) -> Rehearsal:
        """The scenario as the load generator takes it: from a file in `folder`."""
        return Rehearsal.written(self.scenario, folder / f"{self.key}.toml", seed)


def cases(strategy: StrategyUnderTest, capacity_per_s: float, axes: Axes, loads: Loads) -> list[Case]:
    """All cases of one strategy, but for steady rates that one generator cannot send.

    Args:
        capacity_per_s: orders a second in a crowd, as the calibration saw it.
    """
    steady = [case for case in _steady(strategy, capacity_per_s, axes, loads) if _can_be_sent(case)]
    return [*steady, *_spikes(strategy, axes, loads)]


def _steady(strategy: StrategyUnderTest, capacity_per_s: float, axes: Axes, loads: Loads) -> Iterator[Case]:
    def case(name: str, per_s: float, axes: Axes, beyond: str = "") -> Case:
        return Case(strategy, _load(name, per_s, axes, beyond), hot_sku(per_s, loads.steady_s), axes)

    for share in loads.shares:
        yield case(f"{share * 100:.0f} %", share * capacity_per_s, axes)
    for axis, value in loads.elsewhere:
        other, name = axes.model_copy(update={axis: value}), f"{axis}={value}"
        yield case(name, _ELSEWHERE * capacity_per_s, other, f"calibrated without {name}")


def _can_be_sent(case: Case) -> bool:
    return case.load.offered_per_s <= MOST_SENT_PER_S


def _spikes(strategy: StrategyUnderTest, axes: Axes, loads: Loads) -> Iterator[Case]:
    drop = load("sneaker_drop").scaled(loads.spike_scale)
    per_s = drop.arrivals.expected / drop.duration_s
    for name in loads.spikes:
        yield Case(strategy, _load(name, per_s, axes), _with_stock(drop, SPIKES[name]), axes)


def _load(name: str, per_s: float, axes: Axes, beyond: str = "") -> Load:
    return Load(name=name, offered_per_s=per_s, workers=axes.workers, pool_size=axes.pool_size, beyond=beyond)


def _with_stock(drop: Scenario, times: int) -> Scenario:
    document = drop.model_dump()
    for product in document["products"]:
        for size in product["sizes"]:
            size["units"] *= times
    return Scenario.model_validate(document)
