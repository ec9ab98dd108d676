"""A load test from start to end: calibrate, predict, measure, report, judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness import machine
from harness.axes import Axes
from harness.display import Display, Step
from harness.errors import UncalibratedError
from harness.experiment import measuring_steps, order_of_runs
from harness.predictions import modelled, prediction_steps, with_doubts
from harness.rehearsal import Rehearsal
from harness.runs import run_folder
from harness.scope import Scope
from harness.servers import Kind
from harness.stage import Stage, on_stage
from reports import report
from reports.experiment import Calibration, Experiment, StrategyUnderTest
from reports.summary import Summary
from simulator import profile as profiles
from simulator.engine import Engine
from simulator.profile import Profile

PROFILE_FILE = "profile.json"  # in the run's folder: what this machine was found to be


@dataclass(frozen=True)
class LoadTest:
    """What is asked for. `command` repeats it; `bounds` is the thresholds.toml to judge by.

    `calibrate`: anew, even where a calibration is kept that still holds.
    """

    rehearsal: Rehearsal
    strategies: tuple[StrategyUnderTest, ...]
    scope: Scope
    servers: Kind
    axes: Axes
    engine: Engine
    bounds: Path
    runs: Path
    command: str
    calibrate: bool = False

    def run(self, console: Console) -> tuple[Summary, Path]:
        """Do all of it; what it came to, and the run's folder.

        Raises:
            UsageError: the servers cannot be had here, or `runs` cannot be written.
            RunError: something died, hung or answered wrongly.
        """
        with run_folder(self.runs, self.rehearsal.scenario.name) as folder:
            console.print(f"Starting PostgreSQL and Redis ({self.servers}).", highlight=False)
            with on_stage(self.servers, self.axes) as stage:
                self._play(stage, folder, console)
            console.print("Writing the report.")
            return report.write(folder, bounds=self.bounds), folder

    def _play(self, stage: Stage, folder: Path, console: Console) -> None:
        predicted = self._predicted(console) if self.scope.replications else ()
        experiment = self._experiment(stage, folder.name, predicted)
        experiment.save(folder)
        predicting = self._predicting(stage, experiment, predicted, folder, console) if predicted else []
        measuring = measuring_steps(stage, self.rehearsal, self.strategies, experiment.order_of_runs, folder)
        with Display.of([*predicting, *measuring], console) as display:
            try:
                display.play(predicting)
                if predicting:
                    with_doubts(Experiment.load(folder), profiles.load(folder / PROFILE_FILE)).save(folder)
            except UncalibratedError as error:
                console.print(f"Nothing is predicted: {error}", highlight=False, markup=False)
                experiment.model_copy(update={"replications": 0, "profile": None}).save(folder)
            display.play(measuring)

    def _predicted(self, console: Console) -> tuple[StrategyUnderTest, ...]:
        """The strategies that can be predicted; of what cannot, the screen tells in one line."""
        known = () if self.axes.not_modelled else modelled(self.strategies)
        unknown = self.axes.not_modelled or [one.name for one in self.strategies if one not in known]
        if unknown:
            what = "Measured without a prediction" if known else "Nothing is predicted"
            console.print(f"{what}: the model does not know {', '.join(unknown)}.", highlight=False)
        return known

    def _predicting(
        self,
        stage: Stage,
        experiment: Experiment,
        predicted: Sequence[StrategyUnderTest],
        folder: Path,
        console: Console,
    ) -> list[Step]:
        """Before anything is measured: nobody shall say that the model was told what would come out."""
        from harness.calibrate import calibration_steps  # here, as to load SciPy takes a second or two
        from harness.calibrations import kept, lasting

        effort, logs, profile = self.scope.calibration, folder / "calibration", folder / PROFILE_FILE
        keeps = effort.rounds > 1  # of one round nobody could tell later whether it still holds
        predicting = prediction_steps(experiment, profile, folder, self.engine)
        if keeps:
            kept.require_room()
        if not self.calibrate:
            found = lasting.find(stage, predicted, rounds=effort.rounds, logs=logs, console=console)
            if found:
                found.profile.save(profile)
                experiment.model_copy(update={"calibration": found.stated}).save(folder)
                return predicting

        def save(fitted: Profile) -> None:
            fitted.save(profile)
            if keeps:
                stated = Calibration(file=str(kept.keep(fitted)), made_at=fitted.made_at)
                experiment.model_copy(update={"calibration": stated}).save(folder)

        return [*calibration_steps(stage, predicted, effort, save=save, logs=logs), *predicting]

    def _experiment(self, stage: Stage, name: str, predicted: Sequence[StrategyUnderTest]) -> Experiment:
        return Experiment(
            id=name,
            started_at=machine.now(),
            command=self.command,
            scenario=self.rehearsal.scenario,
            seed=self.rehearsal.seed,
            strategies=self.strategies,
            repeats=self.scope.repeats,
            unpredicted=tuple(one.name for one in self.strategies if one not in predicted),
            replications=self.scope.replications if predicted else 0,
            order_of_runs=order_of_runs(self.strategies, self.scope.repeats),
            workers=self.axes.workers,
            pool_size=self.axes.pool_size,
            axes=self.axes.record,
            system_cores=stage.system_cores,
            generator_cores=stage.generator_cores,
            servers=self.servers,
            profile=PROFILE_FILE if predicted else None,
            machine=machine.machine(stage.endpoints.versions),
            versions=machine.versions(),
            git=machine.git(),
        )
