"""What was run: `experiment.json`, and where each run of it lies in the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from reports.shapes import Part
from scenarios.files import write_text
from scenarios.reading import ReadingError, read_json
from scenarios.scenario import Scenario

SCHEMA: Literal["dropday.experiment/1"] = "dropday.experiment/1"
FILE = "experiment.json"


class ExperimentError(ValueError):
    """A folder that is not a run's, or not of this version; the text names it and what was expected."""


class _Part(Part):
    model_config = ConfigDict(populate_by_name=True)


class StrategyUnderTest(_Part):
    """A strategy as the system describes itself. One that is not `safe` is a control: it must oversell.

    One that is not `exact` may say "sold out" while units are about to come back, or lie where it did not
    look.
    """

    name: str = Field(min_length=1)
    safe: bool
    ack: Literal["committed", "queued"]
    redis: Literal["none", "lock", "stock"] = "none"  # what it keeps in Redis
    exact: bool = True


class PlannedRun(_Part):
    """One strategy, run for the `repeat`-th time (counted from 0)."""

    strategy: str
    repeat: int = Field(ge=0)


class Machine(_Part):
    """Where it ran."""

    cpu: str
    """The processor's own name."""
    cores: int = Field(ge=1)
    """Those that this process may use."""
    memory_gib: float
    """All of it."""
    os: str
    """The operating system with its version."""
    python: str
    """The version of Python."""
    postgres: str | None = None
    """The version of PostgreSQL; null where no server was needed."""
    redis: str | None = None
    """The version of Redis; null where no server was needed."""


class Git(_Part):
    """The code that ran."""

    commit: str | None = None
    """Null outside a git checkout."""
    dirty: bool = False
    """There were changes that were not committed."""


class Calibration(_Part):
    """Of all that is kept, the calibration that the model used."""

    file: str
    """Its path."""
    made_at: str
    """ISO 8601."""
    check: str | None = None
    """What a check found before anything was predicted; null where it was made for this run."""


class Experiment(_Part):
    """Every strategy on one scenario, measured `repeats` times and predicted `replications` times.

    An experiment that only predicts has no `repeats` and no `servers`; one that only measures has no
    `replications` and no `profile`.
    """

    schema_: Literal["dropday.experiment/1"] = Field(default=SCHEMA, alias="schema")
    id: str
    started_at: str  # ISO 8601, with the offset from UTC
    command: str  # repeats the experiment when typed into a shell
    scenario: Scenario  # as run: after any scaling of time
    seed: int = Field(ge=0)
    strategies: tuple[StrategyUnderTest, ...] = Field(min_length=1)
    repeats: int = Field(ge=0)
    replications: int = Field(ge=0)
    order_of_runs: tuple[PlannedRun, ...]
    workers: int = Field(ge=1)
    pool_size: int = Field(ge=1)
    axes: dict[str, bool | int | float | str] = Field(default_factory=dict)  # what was set of the system
    unpredicted: tuple[str, ...] = ()  # strategies that the model does not know
    system_cores: tuple[int, ...]
    generator_cores: tuple[int, ...]
    servers: Literal["embedded", "docker", "external"] | None
    profile: str | None  # name or path of the model's profile
    calibration: Calibration | None = None  # what the profile is a copy of, if it is kept
    cautions: tuple[str, ...] = ()  # where the prediction goes beyond what was calibrated
    fit_check: str | None = None  # how the model does in runs of the calibration to which it was not fitted
    machine: Machine
    versions: dict[str, str]  # Python package -> version
    git: Git

    @model_validator(mode="after")
    def _has_runs(self) -> Self:
        if self.repeats + self.replications == 0:
            raise ValueError("repeats = 0 and replications = 0: nothing was run; expected at least one")
        return self

    def measured_folders(self, run: Path, strategy: str) -> list[Path]:
        """Where the records of a strategy's repeats lie, in order."""
        return [measured_folder(run, strategy, repeat) for repeat in range(self.repeats)]

    def replications_of(self, strategy: str) -> int:
        """How often a strategy was predicted; 0 for one that the model does not know."""
        return 0 if strategy in self.unpredicted else self.replications

    def save(self, run: Path) -> None:
        """Write `experiment.json` into the run's folder."""
        write_text(run / FILE, self.model_dump_json(by_alias=True, indent=2) + "\n")

    @classmethod
    def load(cls, run: Path) -> Self:
        """Read the `experiment.json` of a run's folder.

        Raises:
            ExperimentError: the folder has none, or it is not of this version.
        """
        path = run / FILE
        try:
            return read_json(path, cls, expected="a run's folder, such as runs/latest")
        except ReadingError as error:
            raise ExperimentError(str(error)) from error


def measured_folder(run: Path, strategy: str, repeat: int) -> Path:
    """Where the record of one measured run lies."""
    return run / strategy / str(repeat)


def predicted_folder(run: Path, strategy: str) -> Path:
    """Where what the replications of a strategy came to lies."""
    return run / "predicted" / strategy
