"""Calibration: short runs against the real system, from which the model learns this machine.

What is sent does not depend on the scenario that is rehearsed: the demands of an order do not either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import stdev

from harness import closed_runs, cpu, machine, open_runs
from harness.calibrations import fingerprint
from harness.display import Live, Step
from harness.errors import UncalibratedError
from harness.open_runs import OpenRuns
from harness.scope import Effort
from harness.shop import Shop
from harness.stage import Stage
from reports.experiment import StrategyUnderTest
from simulator.calibration import fit
from simulator.defaults import Settings
from simulator.observation import Observation, save_observations
from simulator.profile import Profile
from simulator.strategies import strategy_named

FIT_S = 4.0  # of one strategy
SHOP_S = 2.0  # until it is open


def _turn_s(effort: Effort) -> float:
    """About how long one strategy takes in one round."""
    closed_s = 4 * closed_runs.BESIDE_S + effort.back_to_back_s + effort.saturated_s + 2 * effort.answers_s
    return SHOP_S + closed_s + 2 * (open_runs.RUN_S + effort.open_s)


@contextmanager
def metered_shop(stage: Stage, strategy: StrategyUnderTest, logs: Path) -> Iterator[Shop]:
    """A shop whose CPU time can be read, with all else that this process starts on the generator's cores.

    Raises:
        UncalibratedError: the servers are not metered here.
        RunError: the shop did not open.
    """
    if not stage.metered:
        raise UncalibratedError(
            "calibration needs the CPU time of PostgreSQL and Redis, and cannot have it here; "
            "use --servers embedded or docker, on Linux"
        )
    log = logs / f"{strategy.name}.log"
    with cpu.confined_to(stage.generator_cores), stage.shop(strategy, log=log) as shop:
        yield shop


@dataclass
class Calibration:
    """What was observed of the real system so far, and the profile that it makes.

    The work of a step raises `UncalibratedError` where no profile can come of it.
    """

    stage: Stage
    effort: Effort
    logs: Path
    observations: list[Observation] = field(default_factory=list)
    _open: dict[str, OpenRuns] = field(default_factory=dict)

    def observing(self, strategies: Sequence[StrategyUnderTest]) -> list[Step]:
        """Observe these strategies in turns, as often as there are rounds."""
        several = self.effort.rounds > 1
        return [
            Step(
                f"calibrating {strategy.name}" + (f", round {number + 1}" if several else ""),
                _turn_s(self.effort),
                partial(self._take_turn, strategy),
            )
            for number in range(self.effort.rounds)
            for strategy in strategies
        ]

    def _take_turn(self, strategy: StrategyUnderTest, live: Live) -> None:
        """All runs of one shop: to open one takes as long as a run."""
        axes = self.stage.axes
        settings = Settings(workers=axes.workers, pool_size=axes.pool_size)
        is_first = not self.observations or self.observations[0].strategy == strategy.name
        modelled = strategy_named(strategy.name)
        runs = closed_runs.runs_of(modelled, self.effort, settings, the_same_for_all=is_first)
        shoppers = self._open.setdefault(strategy.name, OpenRuns(self.effort.open_s, settings))
        with metered_shop(self.stage, strategy, self.logs) as shop:
            seen = list(closed_runs.observe(self.stage, shop, runs, self.logs, live))
            closed_per_s = next(one.per_s for one in seen if one.kind == "saturated")
            seen += shoppers.observe(partial(open_runs.run_of, self.stage, shop), closed_per_s, live)
        self.observations += seen
        save_observations(self.observations, self.logs)

    def profile(self, *, only: str | None = None) -> Profile:
        """Fit the model: to all strategies that were observed, or to `only` this one as it was just now.

        Raises:
            UncalibratedError: a kind of observation is missing, or the model does not know a strategy.
        """
        try:
            return fit(
                self.observations,
                machine=machine.machine(self.stage.endpoints.versions).model_dump(),
                versions=fingerprint.versions(),
                made_at=machine.now(),
                with_intervals=self.effort.with_intervals,
                only=only,
            )
        except ValueError as error:
            raise UncalibratedError(f"the model cannot be fitted to what was observed: {error}") from error


def calibration_steps(
    stage: Stage,
    strategies: Sequence[StrategyUnderTest],
    effort: Effort,
    *,
    save: Callable[[Profile], None],
    logs: Path,
) -> list[Step]:
    """What it takes to make a profile of these strategies: observe them in turns, then fit the model.

    Args:
        save: takes the profile.
    """
    calibration = Calibration(stage, effort, logs)

    def fitting(live: Live) -> None:
        fitted = calibration.profile()
        save(fitted)
        live(f"the processor's speed varied by {stdev(fitted.speeds):.0%} (standard deviation) meanwhile")

    fits = len(strategies) * (1 + effort.rounds * effort.with_intervals)
    return [*calibration.observing(strategies), Step("fitting the model", FIT_S * fits, fitting)]
