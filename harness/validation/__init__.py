"""A validation from start to end: calibrate, write predictions down, measure, compare.

One strategy after the other, as somebody would who asks about one: a machine that others share is not the
same an hour later. Nobody shall say that the model was told what would come out: everything that is predicted
of a strategy lies in the run's folder before the first of its runs is measured.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, TypeAdapter
from rich.console import Console

from harness import machine
from harness.axes import Axes
from harness.calibrate import FIT_S, Calibration
from harness.display import Display, Live, Step
from harness.runs import run_folder
from harness.scope import Effort
from harness.servers import Kind
from harness.stage import Stage, on_stage
from harness.validation.baselines import BASELINES, Buyers, Figures, Known
from harness.validation.cases import SPIKES, Case, Loads, cases
from harness.validation.measured import Measured, measure, ran_of
from reports import validation_page
from reports.experiment import StrategyUnderTest
from reports.validation import Cell, Foreseen, Invalid, Ran, Validation, cells, foreseen, rankings
from scenarios.arrivals import generate
from scenarios.files import write_bytes
from scenarios.record import Record
from simulator.decomposition import Repeats
from simulator.observation import Observation
from simulator.variants import Variant, play

NAME = "validation"
_PREDICTIONS_FILE = "predictions.json"
_BASELINES_SEED = 7
_PREDICTION_S = 2.0  # of one case
_BESIDE_THE_RUN_S = 6.5  # start, warm-up, drain, books


@dataclass(frozen=True)
class Scope:
    """How much is sent, how often it is measured, and how often predicted."""

    loads: Loads
    repeats: int
    replications: int
    calibration: Effort


SCOPES = {
    "smoke": Scope(
        loads=Loads((0.60, 1.15), elsewhere=(), spikes=("spike",), steady_s=2.0, spike_scale=0.4),
        repeats=1,
        replications=20,
        calibration=Effort(rounds=1, back_to_back_s=1.0, saturated_s=1.0, answers_s=0.8, open_s=1.5),
    ),
    "standard": Scope(
        loads=Loads(
            (0.40, 0.60, 0.85, 1.15, 1.50),
            elsewhere=(("pool_size", 5), ("workers", 2)),
            spikes=tuple(SPIKES),
            steady_s=4.0,
            spike_scale=0.5,
        ),
        repeats=3,
        replications=40,
        calibration=Effort(rounds=3, back_to_back_s=1.5, saturated_s=1.0, answers_s=0.8, open_s=2.5),
    ),
}


class Prediction(BaseModel):
    """Of one case, beside what simpler models say."""

    model: dict[str, Foreseen]
    baselines: dict[str, Figures]


_PREDICTIONS = TypeAdapter(dict[str, Prediction])


@dataclass
class ValidationRun:
    """What is asked for; `command` repeats it."""

    strategies: tuple[StrategyUnderTest, ...]
    scope: Scope
    servers: Kind
    axes: Axes
    seed: int
    runs: Path
    command: str
    _cases: dict[str, list[Case]] = field(default_factory=dict)
    _predictions: dict[str, Prediction] = field(default_factory=dict)
    _measured: dict[str, list[Measured]] = field(default_factory=dict)

    def run(self, console: Console) -> tuple[Validation, Path]:
        """Do all of it; what it came to, and the run's folder.

        Raises:
            UsageError: the servers cannot be had here, or `runs` cannot be written.
            RunError: something died, hung or answered wrongly.
        """
        started_at = machine.now()
        with run_folder(self.runs, NAME) as folder:
            console.print(f"Starting PostgreSQL and Redis ({self.servers}).", highlight=False)
            with on_stage(self.servers, self.axes) as stage:
                steps = self._steps(stage, folder)
                with Display.of(steps, console) as display:
                    display.play(steps)
                found = self._compared(stage, started_at)
            found.save(folder)
            validation_page.write(found, folder)
            return found, folder

    def _steps(self, stage: Stage, folder: Path) -> list[Step]:
        calibration = Calibration(stage, self.scope.calibration, folder / "calibration")
        return [
            step
            for strategy in self.strategies
            for step in (
                *calibration.observing([strategy]),
                self._predicting(strategy, calibration, folder),
                *self._measuring(strategy, stage, folder),
            )
        ]

    def _predicting(self, strategy: StrategyUnderTest, calibration: Calibration, folder: Path) -> Step:
        return Step(
            f"predicting {strategy.name}",
            FIT_S + len(self.scope.loads) * _PREDICTION_S,
            partial(self._predict, strategy, calibration, folder),
        )

    def _measuring(self, strategy: StrategyUnderTest, stage: Stage, folder: Path) -> list[Step]:
        """All loads in each repeat: a slow minute hits them in turn."""
        loads = self.scope.loads
        return [
            Step(
                f"measuring {strategy.name}, repeat {repeat + 1}",
                len(loads) * (loads.steady_s + _BESIDE_THE_RUN_S),
                partial(self._measure, stage, strategy, folder),
            )
            for repeat in range(self.scope.repeats)
        ]

    def _predict(
        self, strategy: StrategyUnderTest, calibration: Calibration, folder: Path, live: Live
    ) -> None:
        profile = calibration.profile(only=strategy.name)
        profile.save(folder / "profiles" / f"{strategy.name}.json")
        known = _known(strategy, calibration.observations)
        self._cases[strategy.name] = cases(strategy, known.capacity_per_s(), self.axes, self.scope.loads)
        for case in self._cases[strategy.name]:
            live(case.load.name)
            variants = case.variant(profile, self.seed).replicated(self.scope.replications)
            self._predictions[case.key] = Prediction(
                model=foreseen(list(play(variants, _figures))),
                baselines=_baselines(case, known, self.seed),
            )
        written = _PREDICTIONS.dump_json(self._predictions, indent=1)
        write_bytes(folder / _PREDICTIONS_FILE, written)

    def _measure(self, stage: Stage, strategy: StrategyUnderTest, folder: Path, live: Live) -> None:
        for case in self._cases[strategy.name]:
            live(case.load.name)
            with tempfile.TemporaryDirectory(prefix="dropday-validation-") as scratch:
                rehearsal = case.rehearsal(folder / "cases", self.seed)
                one = measure(stage, case, rehearsal, Path(scratch), live)
            self._measured.setdefault(case.key, []).append(one)

    def _compared(self, stage: Stage, started_at: str) -> Validation:
        every = [case for found in self._cases.values() for case in found]
        found = [cell for case in every for cell in self._cells(case)]
        return Validation(
            command=self.command,
            started_at=started_at,
            seed=self.seed,
            repeats=self.scope.repeats,
            replications=self.scope.replications,
            machine=machine.machine(stage.endpoints.versions),
            versions=machine.versions(),
            git=machine.git(),
            loads={
                name: {case.load.name: case.load for case in found} for name, found in self._cases.items()
            },
            cells=tuple(found),
            rankings=tuple(rankings(found, list(SPIKES))),
            invalid=tuple(self._invalid(every)),
        )

    def _cells(self, case: Case) -> Iterator[Cell]:
        prediction = self._predictions[case.key]
        measured = self._measured[case.key]
        valid = [one.ran for one in measured if one.ran and not one.reasons_against]
        yield from cells(case.strategy.name, case.load.name, prediction.model, prediction.baselines, valid)

    def _invalid(self, every: Sequence[Case]) -> Iterator[Invalid]:
        for case in every:
            for one in self._measured[case.key]:
                if one.reasons_against:
                    yield Invalid(
                        strategy=case.strategy.name, load=case.load.name, reasons=one.reasons_against
                    )


def _figures(record: Record, _: Variant) -> Ran:
    return ran_of(record)


def _known(strategy: StrategyUnderTest, observations: Sequence[Observation]) -> Known:
    ours = [one for one in observations if one.strategy == strategy.name]
    return Known(
        alone=Repeats([one for one in ours if one.kind == "back_to_back"]),
        saturated=Repeats([one for one in ours if one.kind == "saturated"]),
        crowded=Repeats([one for one in ours if one.kind == "crowded"]),
    )


def _baselines(case: Case, known: Known, seed: int) -> dict[str, Figures]:
    buyers = Buyers.of(case.scenario, generate(case.scenario, seed))
    return {
        name: foresee(known, buyers, np.random.default_rng(_BASELINES_SEED))
        for name, foresee in BASELINES.items()
    }
