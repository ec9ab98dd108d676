"""A simulation from start to end: the model alone, from a profile, without any server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness import machine
from harness.axes import Axes
from harness.display import Display
from harness.predictions import only_modelled, prediction_steps
from harness.runs import run_folder
from reports import report
from reports.experiment import Experiment, StrategyUnderTest
from reports.summary import Summary
from scenarios.scenario import Scenario
from simulator import profile as profiles
from simulator.cautions import cautions
from simulator.engine import Engine
from simulator.profile import Profile


@dataclass(frozen=True)
class Simulation:
    """What is asked for. `command` repeats it; `profile` is the name or the file of the model's profile."""

    scenario: Scenario
    strategies: tuple[StrategyUnderTest, ...]
    profile: str
    seed: int
    replications: int
    axes: Axes
    engine: Engine
    bounds: Path
    runs: Path
    command: str

    def run(self, console: Console) -> tuple[Summary, Path]:
        """Do all of it; what it came to, and the run's folder.

        Raises:
            ProfileError: there is no such profile, or it does not know a strategy.
            UsageError: the model knows none of the strategies, or `runs` cannot be written.
        """
        profile = profiles.load(self.profile)
        strategies = only_modelled(self.strategies, console)
        for strategy in strategies:
            profile.demands(strategy.name)
        with run_folder(self.runs, self.scenario.name) as folder:
            experiment = self._experiment(folder.name, strategies, profile)
            experiment.save(folder)
            steps = prediction_steps(experiment, self.profile, folder, self.engine)
            with Display.of(steps, console) as display:
                display.play(steps)
            console.print("Writing the report.")
            return report.write(folder, bounds=self.bounds), folder

    def _experiment(
        self, name: str, strategies: tuple[StrategyUnderTest, ...], profile: Profile
    ) -> Experiment:
        here, versions = machine.machine(None), machine.versions()
        return Experiment(
            id=name,
            started_at=machine.now(),
            command=self.command,
            scenario=self.scenario,
            seed=self.seed,
            strategies=strategies,
            repeats=0,
            replications=self.replications,
            order_of_runs=(),
            workers=self.axes.workers,
            pool_size=self.axes.pool_size,
            axes=self.axes.record,
            system_cores=tuple(range(profile.system_cores)),
            generator_cores=(),
            servers=None,
            profile=self.profile,
            cautions=cautions(
                profile,
                self.scenario,
                workers=self.axes.workers,
                pool_size=self.axes.pool_size,
                machine=here.model_dump(),
                versions=versions,
            ),
            machine=here,
            versions=versions,
            git=machine.git(),
        )
