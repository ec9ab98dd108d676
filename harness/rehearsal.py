"""What every run of an experiment plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from scenarios.scenario import Scenario, load


@dataclass(frozen=True)
class Rehearsal:
    """What every run of an experiment plays.

    `source` and `time_scale` are how the load generator is told of `scenario`, which is the scaled one.
    """

    scenario: Scenario
    source: str
    time_scale: float
    seed: int

    @classmethod
    def of(cls, source: str, time_scale: float, seed: int) -> Self:
        """The scenario of the library or of a file.

        Raises:
            ScenarioError: there is none, or it cannot be run.
        """
        return cls(load(source).scaled(time_scale), source, time_scale, seed)
