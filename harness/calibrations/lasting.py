"""The calibration that a load test need not make: the newest one, if a check finds that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness.calibrations import check
from harness.calibrations.check import Verdict
from harness.calibrations.fingerprint import Fingerprint
from harness.calibrations.kept import Kept, age, newest
from harness.display import Display, Live, Step
from harness.errors import UncalibratedError
from harness.stage import Stage
from reports.experiment import Calibration, StrategyUnderTest
from simulator.profile import Profile


@dataclass(frozen=True)
class Lasting:
    """A calibration that holds, with what the check found."""

    kept: Kept
    verdict: Verdict

    @property
    def profile(self) -> Profile:
        """Of the machine as it is now."""
        return self.verdict.applied_to(self.kept.profile)

    @property
    def stated(self) -> Calibration:
        """As it is recorded with a run."""
        return Calibration(
            file=str(self.kept.path), made_at=self.kept.profile.made_at, check=self.verdict.sentence
        )


def find(
    stage: Stage, strategies: Sequence[StrategyUnderTest], *, rounds: int, logs: Path, console: Console
) -> Lasting | None:
    """The newest calibration of this machine, code and axes, where it still holds; the screen says so.

    One that lacks a strategy will not do: profiles of different hours do not make one.

    Args:
        strategies: which it has to know.
        rounds: in how many it has to have observed them.

    Raises:
        RunError: something died.
    """
    here = Fingerprint.here(stage.axes, stage.endpoints.versions)
    found = newest(here, [one.name for one in strategies], rounds=rounds)
    for told in found.passed_over:
        _say(console, told)
    if found.newest is None:
        _say(console, "No calibration is kept for this machine, code, axes and strategies: making one.")
        return None
    try:
        verdict = checked(stage, found.newest.profile, strategies, logs, console)
    except UncalibratedError as error:
        _say(console, f"The calibration cannot be checked: {error}")
        return None
    name = f"{found.newest.path}, {age(found.newest.profile)}"
    if verdict.name == "does not hold":
        _say(console, f"Calibrating again. The newest calibration is {name}; {verdict.sentence}.")
        return None
    _say(console, f"The model uses {name}, of this machine, code and axes; {verdict.sentence}.")
    return Lasting(found.newest, verdict)


def checked(
    stage: Stage, profile: Profile, strategies: Sequence[StrategyUnderTest], logs: Path, console: Console
) -> Verdict:
    """The verdict on a profile, by the first and the last of these strategies.

    Raises:
        UncalibratedError: it cannot be told.
        RunError: something died.
    """
    check.require_repeats(profile)
    ends = tuple(dict.fromkeys([strategies[0], strategies[-1]]))
    found: list[Verdict] = []

    def work(live: Live) -> None:
        found.append(check.verdict(profile, check.observe(stage, ends, logs, live)))

    step = Step("checking whether the calibration still holds", check.CHECK_S, work)
    with Display.of([step], console) as display:
        display.play([step])
    return found[0]


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
