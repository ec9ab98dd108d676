"""Questions asked in one go: each in turn, with progress, and all answers in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console

from harness import machine
from harness.axes import Axes
from harness.display import Display, Live, Step
from harness.errors import UnansweredError, UsageError
from harness.model import Origin
from harness.predictions import only_modelled
from harness.questions.asking import Asking, Question
from harness.runs import run_folder
from reports.answers import page
from reports.answers.shapes import Answer, Answers
from reports.experiment import StrategyUnderTest
from scenarios.scenario import Scenario
from simulator import profile as profiles
from simulator.engine import Engine


@dataclass(frozen=True)
class _Asked:
    """The answers, by the names of their sections; of the other questions why there is none, by title."""

    started_at: str
    found: dict[str, Answer] = field(default_factory=dict)
    unanswered: dict[str, UnansweredError] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """What is asked, of whom, about what. `command` repeats it."""

    questions: Sequence[Question]
    scenario: Scenario
    strategies: tuple[StrategyUnderTest, ...]
    profile: str
    seed: int
    axes: Axes
    engine: Engine
    command: str
    replications: int | None = None

    def run(self, runs: Path, console: Console) -> tuple[Answers, Path]:
        """Ask in a run's folder of its own; the answers, and the folder.

        Raises:
            ProfileError: there is no such profile, or it does not know a strategy.
            UsageError: there is nothing to ask about, or `runs` cannot be written.
            UnansweredError: in no run happened what a question is about.
        """
        asking = self.asking(console)
        for question in self.questions:
            if why_not := question.why_not(asking):
                raise UsageError(f"{question.name}: {why_not}")
        with run_folder(runs, f"{self.scenario.name}-{_slug(self.questions)}") as folder:
            asked = self._asked(self.questions, asking, folder, console)
            for unanswered in asked.unanswered.values():
                raise unanswered
            return self._write(asking, asked, folder), folder

    def asking(self, console: Console) -> Asking:
        """What the questions are about, once it is known to be there."""
        profile = profiles.load(self.profile)
        strategies = only_modelled(self.strategies, console)
        for strategy in strategies:
            profile.demands(strategy.name)
        return Asking(
            scenario=self.scenario,
            strategies=strategies,
            profile=profile,
            seed=self.seed,
            axes=self.axes,
            engine=self.engine,
            replications=self.replications,
        )

    def ask(self, asking: Asking, folder: Path, console: Console) -> Answers:
        """Ask what can be asked, and write `questions.json` and `questions.html` into `folder`."""
        for question in self.questions:
            if why_not := question.why_not(asking):
                console.print(f"Not asked, {question.title}: {why_not}.", highlight=False)
        askable = [question for question in self.questions if not question.why_not(asking)]
        asked = self._asked(askable, asking, folder, console)
        for title, why in asked.unanswered.items():
            console.print(f"Not answered, {title}: {why}.", highlight=False)
        return self._write(asking, asked, folder)

    def _asked(self, questions: Sequence[Question], asking: Asking, folder: Path, console: Console) -> _Asked:
        """Ask them all. Of an interrupted session the answers that are there are written."""
        asked = _Asked(started_at=machine.now())
        steps = [
            Step(question.title, question.expected_s(asking), partial(_answer, question, asking, asked))
            for question in questions
        ]
        try:
            with Display.of(steps, console) as display:
                display.play(steps)
        except KeyboardInterrupt:
            if asked.found:
                self._write(asking, asked, folder)
            raise
        return asked

    def _write(self, asking: Asking, asked: _Asked, folder: Path) -> Answers:
        answers = self._answers(asking, asked)
        answers.save(folder)
        page.write(answers, folder)
        return answers

    def _answers(self, asking: Asking, asked: _Asked) -> Answers:
        origin = Origin(
            command=self.command,
            scenario=self.scenario,
            seed=self.seed,
            profile_name=self.profile,
            profile=asking.profile,
            axes=self.axes,
            strategies=asking.strategies,
        )
        return Answers.model_validate({**origin.stated(asked.started_at), **asked.found})


def _answer(question: Question, asking: Asking, asked: _Asked, live: Live) -> None:
    try:
        asked.found[question.name.replace("-", "_")] = question.answer(asking, live)
    except UnansweredError as error:
        asked.unanswered[question.title] = error


def _slug(questions: Sequence[Question]) -> str:
    """For the name of a folder."""
    return questions[0].name if len(questions) == 1 else "questions"
