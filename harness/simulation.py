"""A simulation from start to end: the model alone, from a profile, without any server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness import machine
from harness.axes import Axes
from harness.display import Display
from harness.predictions import only_modelled, prediction_steps, with_doubts
from harness.questions.asking import Question
from harness.questions.session import Session
from harness.runs import run_folder
from reports import report
from reports.answers import console as screen
from reports.experiment import Experiment, StrategyUnderTest
from reports.ranking import in_order
from reports.summary import Summary
from scenarios.scenario import Scenario
from simulator import profile as profiles
from simulator.engine import Engine
from simulator.profile import Profile


@dataclass(frozen=True)
class Simulation:
    """What is asked for. `command` repeats it; `profile` is the name or the file of the model's profile.

    `questions` are put to the model besides.
    """

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
    questions: Sequence[Question] = ()

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
            summary = report.write(folder, bounds=self.bounds)
            if self.questions:
                self._ask(summary, folder, console)
            return summary, folder

    def _ask(self, summary: Summary, folder: Path, console: Console) -> None:
        """Put the questions, about the strategies in the order in which the report shows them."""
        by_name = {strategy.name: strategy for strategy in self.strategies}
        shown = in_order(summary.strategies, summary.scenario)
        session = Session(
            questions=self.questions,
            scenario=self.scenario,
            strategies=tuple(by_name[strategy.name] for strategy in shown),
            profile=self.profile,
            seed=self.seed,
            axes=self.axes,
            engine=self.engine,
            command=self.command,
        )
        answers = session.ask(session.asking(console), folder, console)
        screen.show(answers, folder, console)

    def _experiment(
        self, name: str, strategies: tuple[StrategyUnderTest, ...], profile: Profile
    ) -> Experiment:
        asked = Experiment(
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
            machine=machine.machine(None),
            versions=machine.versions(),
            git=machine.git(),
        )
        return with_doubts(asked, profile)
