"""A part of a run, and what is seen in it: the same of a measured run and of a modelled one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from scenarios.conditions import Sample
from simulator.observation import Cpu, Timing
from simulator.stations import ROLES


class Window(NamedTuple):
    """From one moment of a run to another, in seconds since it began."""

    since_s: float
    until_s: float

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.until_s - self.since_s

    def answered(self, history: pl.DataFrame) -> pl.DataFrame:
        """The attempts that were answered in it."""
        return history.filter(pl.col("done_s").is_between(self.since_s, self.until_s))

    def cpu_s(self, samples: Sequence[Sample]) -> Cpu:
        """The CPU seconds of each role in it."""
        return Cpu(**{role: self.used_s(samples, role) for role in ROLES})

    def used_s(self, samples: Sequence[Sample], role: str) -> float:
        """The CPU seconds in it of one role, or of the generator."""
        at_s = np.array([0.0, *(one.at_s for one in samples)])
        cores = np.array([getattr(one, role) for one in samples])
        used_s = np.cumsum([0.0, *(cores * np.diff(at_s))])
        since, until = np.interp([self.since_s, self.until_s], at_s, used_s).tolist()
        return float(until - since)


def spans_ms(attempts: pl.DataFrame) -> dict[str, Timing]:
    """The lengths of the spans of some attempts, by name."""
    spans = attempts.select("spans").explode("spans").unnest("spans").drop_nulls()
    return {str(name): Timing.of(rows["ms"].to_numpy()) for (name,), rows in spans.group_by("name")}
