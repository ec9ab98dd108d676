"""What every question is asked about, and how its runs are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
        """What is seen in `replications` runs of each variant, in order, told of as they end."""
        every = [
            (key, replace(variant, replication=replication))
            for replication in range(replications)
            for key, variant in variants.items()
        ]
        seen: dict[Key, list[Look]] = {key: [] for key in variants}
        for done, ((key, _), one) in enumerate(
            zip(every, play([variant for _, variant in every], look), strict=True), start=1
        ):
            seen[key].append(one)
            live(f"run {done} of {len(every)}")
        return seen

    def expected_s(self, runs: float, arrivals: float | None = None) -> float:
        """How long so many runs will take, of so many arrivals each (none given: those of the scenario)."""
        crowd = self.rehearsed if arrivals is None else arrivals
        return runs * (_FIXED_S + crowd * _ARRIVAL_S[self.engine])


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


def figure_of(run: Metrics, figure: Figure) -> float:
    """A figure of a run; 0 where it has none, such as the latency of buyers when nobody bought."""
    return float(dict(leaves(run.model_dump())).get(figure.path) or 0)


def require(figure: Figure, runs: Sequence[Metrics], strategy: str) -> None:
    """Do nothing where any of the runs has the figure.

    Raises:
        UnansweredError: none has it, so that there is nothing to conclude.
    """
    if all(dict(leaves(run.model_dump())).get(figure.path) is None for run in runs):
        raise UnansweredError(f"no run of {strategy} has the {figure.title}: nothing of the kind happened")


def mean_of(runs: Sequence[Metrics], figure: Figure) -> float:
    """The mean of a figure over runs."""
    return fmean(figure_of(run, figure) for run in runs)


def size(*, cores: int, workers: int, pool_size: int) -> str:
    """A system in words."""
    return (
        f"{counted(cores, 'core')}, {counted(workers, 'worker')} with {counted(pool_size, 'connection')} each"
    )


def counted(n: int, name: str) -> str:
    """`1 core`, `2 cores`."""
    return f"{n} {name}" if n == 1 else f"{n} {name}s"
