"""What every run of an experiment plays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import tomli_w

from scenarios.files import write_text
from scenarios.scenario import Scenario, load


@dataclass(frozen=True)
class Rehearsal:
    """What every run of an experiment plays.

    `source`, `time_scale` and `crowd` are how the load generator is told of `scenario`, the scaled one.
    """

    scenario: Scenario
    source: str
    time_scale: float
    crowd: float
    seed: int

    @classmethod
    def of(cls, source: str, time_scale: float, seed: int, crowd: float = 1.0) -> Self:
        """A scenario of the library or of a file: `time_scale` times as long, `crowd` times as many a second.

        Raises:
            ScenarioError: there is none, or it cannot be run.
        """
        scenario = load(source).scaled(time_scale).crowded(crowd)
        return cls(scenario, source, time_scale, crowd, seed)

    @classmethod
    def written(cls, scenario: Scenario, file: Path, seed: int) -> Self:
        """A scenario that is not in the library, as the load generator takes it: from a file."""
        write_text(file, tomli_w.dumps(scenario.model_dump(exclude_none=True)))
        return cls.of(str(file), 1.0, seed)
