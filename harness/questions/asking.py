"""What every question is asked about, and how its runs are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol, TypeVar

from harness.axes import Axes
from harness.display import Live
from harness.errors import UnansweredError
from reports import metrics
from reports.answers.shapes import Answer, Figure
from reports.experiment import StrategyUnderTest
from reports.shapes import Metrics, leaves
from scenarios.record import Record
from scenarios.scenario import Scenario
from simulator.engine import Engine
from simulator.profile import Profile
from simulator.variants import Variant, play

PACES = 3
"""Replications of an answer that searches or sweeps: the calibrated pace, a slower and a faster one."""

_FIXED_S = 0.02  # of a run, on one of two cores
_ARRIVAL_S = {Engine.COMPILED: 7e-6, Engine.SIMPY: 6e-5}

Look = TypeVar("Look")
Key = TypeVar("Key")


@dataclass(frozen=True)
class Asking:
    """What is asked about, and who answers.

    `replications` are those of each run; None: as many as each question needs.
    """

    scenario: Scenario
    strategies: tuple[StrategyUnderTest, ...]
    profile: Profile
    seed: int
    axes: Axes
    engine: Engine
    replications: int | None = None

    @property
    def safe(self) -> tuple[StrategyUnderTest, ...]:
        """Those that promise not to oversell."""
        return tuple(strategy for strategy in self.strategies if strategy.safe)

    @property
    def rehearsed(self) -> float:
        """The expected number of arrivals."""
        return self.scenario.arrivals.expected

    def variant(self, strategy: str, scenario: Scenario | None = None) -> Variant:
        """The first replication of a strategy, of a scenario of its own or the one that is asked about."""
        return Variant(
            scenario=scenario or self.scenario,
            strategy=strategy,
            profile=self.profile,
            seed=self.seed,
            replication=0,
            workers=self.axes.workers,
            pool_size=self.axes.pool_size,
            engine=self.engine,
        )

    def play(
        self,
        variants: dict[Key, Variant],
        look: Callable[[Record, Variant], Look],
        replications: int,
        live: Live,
    ) -> dict[Key, list[Look]]:
        """What is seen in `replications` runs of each variant, in order, told of as they end.

        They all meet the crowd of the seed: what may happen to this one.
        """
        runs = {key: variant.replicated(replications) for key, variant in variants.items()}
        return _played(runs, look, live)

    def sweep(
        self,
        variants: dict[Key, Variant],
        look: Callable[[Record, Variant], Look],
        replications: int,
        live: Live,
    ) -> dict[Key, list[Look]]:
        """The same for an answer that searches or sweeps: each replication meets a crowd of its own.

        What is found then holds for crowds like this one, and not for the chances of one.
        """
        runs = {key: variant.replicated_over_crowds(replications) for key, variant in variants.items()}
        return _played(runs, look, live)

    @property
    def paces(self) -> int:
        """Replications of each run of an answer that searches or sweeps."""
        return self.replications or PACES

    def expected_s(self, runs: float, arrivals: float | None = None) -> float:
        """How long so many runs will take, of so many arrivals each (none given: those of the scenario)."""
        crowd = self.rehearsed if arrivals is None else arrivals
        return runs * (_FIXED_S + crowd * _ARRIVAL_S[self.engine])


def _played(
    runs: Mapping[Key, Sequence[Variant]], look: Callable[[Record, Variant], Look], live: Live
) -> dict[Key, list[Look]]:
    every = [(key, run) for key, several in runs.items() for run in several]
    seen: dict[Key, list[Look]] = {key: [] for key in runs}
    looks = play([run for _, run in every], look)
    for done, ((key, _), one) in enumerate(zip(every, looks, strict=True), start=1):
        seen[key].append(one)
        live(f"run {done} of {len(every)}")
    return seen


class Question(Protocol):
    """A question that can be put to the model."""

    @property
    def name(self) -> str:
        """Of its command, and, with `_` for `-`, of its answer in `questions.json`."""

    @property
    def title(self) -> str:
        """The question, for the screen."""

    def why_not(self, asking: Asking) -> str:
        """Why it cannot be asked about this; empty where it can."""

    def expected_s(self, asking: Asking) -> float:
        """About how long the answer takes."""

    def answer(self, asking: Asking, live: Live) -> Answer:
        """Make the runs, and conclude."""


def nobody_orders(asking: Asking) -> str:
    """Why nothing can be asked about a scenario in which nobody orders; empty where somebody does."""
    if asking.rehearsed < 1:
        return (
            f"{asking.scenario.name} has {asking.rehearsed:g} shoppers, so that nobody comes in most runs; "
            "expected one shopper or more"
        )
    if "order" in asking.scenario.journey:
        return ""
    return (
        f"{asking.scenario.name} has journey = {list(asking.scenario.journey)}, so that nobody orders; "
        "expected one with an order"
    )


def measured(record: Record, _: Variant) -> Metrics:
    """The figures of a run."""
    return metrics.measure(record)


def figures_of(runs: Sequence[Metrics], figure: Figure, strategy: str) -> list[float]:
    """A figure of each run.

    Raises:
        UnansweredError: a run has none, such as the latency of buyers when nobody bought. The mean of the
            others would be of luckier runs, and so nothing is concluded.
    """
    found = [dict(leaves(run.model_dump())).get(figure.path) for run in runs]
    without = found.count(None)
    if without:
        raise UnansweredError(
            f"{without} of {len(runs)} runs of {strategy} have no {figure.title}, as nothing of the kind "
            "happened, so that their mean cannot be told; expected a figure that every run has, such as "
            "--figure everyone-p99"
        )
    return [float(value) for value in found if value is not None]


def mean_of(runs: Sequence[Metrics], figure: Figure, strategy: str) -> float:
    """The mean of a figure over runs.

    Raises:
        UnansweredError: a run has none.
    """
    return fmean(figures_of(runs, figure, strategy))
