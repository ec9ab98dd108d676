"""Foreseeing crowds too large for records, from start to end: `foreseen.json` and a page, in a folder."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from rich.console import Console

from harness import machine
from harness.axes import Axes
from harness.display import counted
from harness.model import Origin
from harness.predictions import only_modelled
from harness.runs import run_folder
from reports import foreseen_page
from reports.answers.shapes import Spread
from reports.experiment import StrategyUnderTest
from reports.foreseen import Foreseen, StrategyForeseen, Waits
from reports.metrics import coverage
from reports.wording import number
from scenarios.history import Outcome
from scenarios.scenario import Scenario
from simulator import foresee as model
from simulator import profile as profiles
from simulator.compiled import Latency, Summary
from simulator.defaults import Settings

Keep = Literal["duration", "rate"]


class Crowd(NamedTuple):
    """A scenario of so many shoppers, and what was changed of it, in a sentence; empty where nothing was."""

    scenario: Scenario
    scaling: str

    @classmethod
    def of(cls, scenario: Scenario, shoppers: float | None, keep: Keep) -> Crowd:
        """`shoppers`: None for as many as there are.

        Raises:
            ScenarioError: there cannot be so many.
        """
        if shoppers is None:
            return cls(scenario, "")
        times = shoppers / scenario.arrivals.expected
        as_they_are = (
            f"The stock of {number(sum(sku.units for sku in scenario.skus))} units, carts, patience and "
            "repeats are as they were."
        )
        instead = f"{number(shoppers)} shoppers instead of {number(round(scenario.arrivals.expected))}"
        if keep == "rate":
            longer = scenario.scaled(times)
            lasting = f"for {longer.duration_s:.4g} s instead of {scenario.duration_s:g}"
            return cls(longer, f"{instead}: the same rates of arrival, {lasting}. {as_they_are}")
        people = ", of as many times the people" if scenario.shoppers.population else ""
        how = f"at every moment {times:.3g} times the rate of arrivals{people}, in the same"
        return cls(scenario.crowded(times), f"{instead}: {how} {scenario.duration_s:g} s. {as_they_are}")


@dataclass(frozen=True)
class Foresight:
    """What is asked for. `command` repeats it; `profile` is the name or the file of the model's profile."""

    crowd: Crowd
    strategies: tuple[StrategyUnderTest, ...]
    profile: str
    seed: int
    replications: int
    axes: Axes
    runs: Path
    command: str

    def run(self, console: Console) -> tuple[Foreseen, Path]:
        """Make all runs, and write what they come to; the run's folder is given as well.

        Raises:
            ProfileError: there is no such profile, or it does not know a strategy.
            UsageError: the model knows none of the strategies, or `runs` cannot be written.
        """
        scenario, profile = self.crowd.scenario, profiles.load(self.profile)
        strategies = only_modelled(self.strategies, console)
        for strategy in strategies:
            profile.demands(strategy.name)
        origin = Origin(
            command=self.command,
            scenario=scenario,
            seed=self.seed,
            profile_name=self.profile,
            profile=profile,
            axes=self.axes,
            strategies=strategies,
        )
        if self.crowd.scaling:
            console.print(self.crowd.scaling, highlight=False)
        stated = origin.stated(machine.now())
        began = time.monotonic()
        with run_folder(self.runs, f"{scenario.name}-foreseen") as folder:
            summaries = self._play(origin, console)
            found = Foreseen.model_validate(
                {
                    **stated,
                    "shoppers": scenario.arrivals.expected,
                    "stock": sum(sku.units for sku in scenario.skus),
                    "scaling": self.crowd.scaling,
                    "replications": self.replications,
                    "coverage": coverage(self.replications),
                    "took_s": time.monotonic() - began,
                    "found": [concluded(name, several) for name, several in summaries.items()],
                }
            )
            found.save(folder)
            foreseen_page.write(found, folder)
            return found, folder

    def _play(self, origin: Origin, console: Console) -> Mapping[str, Sequence[Summary]]:
        """The summaries of all replications, by strategy."""
        names = [strategy.name for strategy in origin.strategies]
        summaries: dict[str, list[Summary]] = {name: [] for name in names}
        console.print("compiling the model: half a minute the first time, a second from then on", style="dim")
        runs = model.foresee(
            origin.scenario,
            names,
            origin.profile,
            seed=self.seed,
            replications=self.replications,
            settings=Settings(workers=self.axes.workers, pool_size=self.axes.pool_size),
        )
        with counted(console, "foreseeing", total=len(names) * self.replications) as tell:
            for one in runs:
                summaries[one.strategy].append(one.summary)
                tell(f"{one.strategy}: {number(one.summary.orders_per_s)} orders/s")
        return summaries


def concluded(strategy: str, runs: Sequence[Summary]) -> StrategyForeseen:
    """The figures of all runs of a strategy, in any order."""
    return StrategyForeseen(
        strategy=strategy,
        orders_per_s=Spread.of([run.orders_per_s for run in runs]),
        everyone_ms=_waits([run.order_ms for run in runs]),
        buyers_ms=_waits([run.latency_ms.get(Outcome.BOUGHT) for run in runs]),
        peak_in_system=Spread.of([run.peak_in_system for run in runs]),
        sold=Spread.of([sum(run.sold.values()) for run in runs]),
        oversold=Spread.of([run.oversold for run in runs]),
        unknown=Spread.of([run.outcomes[Outcome.UNKNOWN] for run in runs]),
        ended_s=Spread.of([run.ended_s for run in runs]),
    )


def _waits(of_runs: Sequence[Latency | None]) -> Waits | None:
    """Over the runs in which somebody waited."""
    waits = [wait for wait in of_runs if wait]
    if not waits:
        return None
    return Waits(
        p50=Spread.of([wait.p50 for wait in waits]),
        p95=Spread.of([wait.p95 for wait in waits]),
        p99=Spread.of([wait.p99 for wait in waits]),
    )
