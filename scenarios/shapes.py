"""The shapes of a crowd: how the rate of arrivals goes over time, and the moments drawn from it."""

from __future__ import annotations

import math
import reprlib
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from scenarios.reading import ReadingError, text_of

Floats = NDArray[np.float64]


class Part(BaseModel):
    """A part of a scenario: cannot be changed, and takes no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Piece(Protocol):
    """A stretch of time in which the rate follows one formula."""

    @property
    def duration_s(self) -> float: ...

    @property
    def expected(self) -> float:
        """The mean number of arrivals: the area below the rate."""

    def when(self, area: Floats) -> Floats:
        """The moments, in seconds from the piece's start, at which the area below the rate reaches `area`."""


@dataclass(frozen=True)
class _Line:
    """The rate goes straight from one value to another."""

    duration_s: float
    from_per_s: float
    to_per_s: float

    @property
    def expected(self) -> float:
        return (self.from_per_s + self.to_per_s) / 2 * self.duration_s

    def when(self, area: Floats) -> Floats:
        # the root of slope t^2 / 2 + from t = area, in the form that holds for a slope of 0
        slope = (self.to_per_s - self.from_per_s) / self.duration_s
        rate_then = np.sqrt(np.maximum(self.from_per_s**2 + 2 * slope * area, 0))
        return 2 * area / np.maximum(self.from_per_s + rate_then, np.finfo(float).tiny)


@dataclass(frozen=True)
class _Decay:
    """The rate halves every half-life."""

    duration_s: float
    from_per_s: float
    half_life_s: float

    @property
    def expected(self) -> float:
        return -self._area_for_ever * math.expm1(-math.log(2) * self.duration_s / self.half_life_s)

    @property
    def _area_for_ever(self) -> float:
        return self.from_per_s * self.half_life_s / math.log(2)

    def when(self, area: Floats) -> Floats:
        return -self.half_life_s / math.log(2) * np.log1p(-area / self._area_for_ever)


class _Poisson(Part):
    """Arrivals of an inhomogeneous Poisson process, drawn exactly: no thinning, no time step.

    On the clock of the area below the rate the process has rate 1, and given their number its points are
    uniform there (Cinlar, Introduction to Stochastic Processes, 1975, chapter 4); each point is carried back
    by the inverse of the area.
    """

    @abstractmethod
    def _pieces(self) -> tuple[_Piece, ...]: ...

    @property
    def expected(self) -> float:
        """The mean number of arrivals."""
        return sum(piece.expected for piece in self._pieces())

    def times(self, random: np.random.Generator) -> Floats:
        """The moments of one drop, sorted, in seconds from its start."""
        pieces = self._pieces()
        areas = np.cumsum([0, *(piece.expected for piece in pieces)])
        starts = np.cumsum([0, *(piece.duration_s for piece in pieces)])
        points = random.uniform(0, areas[-1], random.poisson(areas[-1]))
        piece_of = np.minimum(np.searchsorted(areas, points, side="right") - 1, len(pieces) - 1)
        times = np.empty_like(points)
        for index, piece in enumerate(pieces):
            mine = piece_of == index
            times[mine] = starts[index] + piece.when(points[mine] - areas[index])
        return np.sort(np.minimum(times, starts[-1]))


class Constant(_Poisson):
    """Poisson arrivals at one rate."""

    shape: Literal["constant"]
    per_s: float = Field(gt=0)
    duration_s: float = Field(gt=0)

    def _pieces(self) -> tuple[_Piece, ...]:
        return (_Line(self.duration_s, self.per_s, self.per_s),)

    def scaled(self, time: float) -> Self:
        """The same rate for `time` times as long."""
        return self.model_copy(update={"duration_s": self.duration_s * time})

    def denser(self, times: float) -> Self:
        """`times` the rate, for as long."""
        return self.model_copy(update={"per_s": self.per_s * times})


class RampStage(Part):
    """From the rate reached so far, straight to `to_per_s`, within `duration_s`."""

    duration_s: float = Field(gt=0)
    to_per_s: float = Field(ge=0)


class Ramp(_Poisson):
    """Poisson arrivals whose rate goes from stage to stage in straight lines."""

    shape: Literal["ramp"]
    start_per_s: float = Field(ge=0)
    stages: tuple[RampStage, ...] = Field(min_length=1)

    @property
    def duration_s(self) -> float:
        """All stages."""
        return sum(stage.duration_s for stage in self.stages)

    def _pieces(self) -> tuple[_Piece, ...]:
        rates = (self.start_per_s, *(stage.to_per_s for stage in self.stages))
        return tuple(
            _Line(stage.duration_s, rate, stage.to_per_s)
            for rate, stage in zip(rates, self.stages, strict=False)
        )

    def scaled(self, time: float) -> Self:
        """The same rates, every stage `time` times as long."""
        stages = (s.model_copy(update={"duration_s": s.duration_s * time}) for s in self.stages)
        return self.model_copy(update={"stages": tuple(stages)})

    def denser(self, times: float) -> Self:
        """`times` the rates, in stages as long."""
        stages = (s.model_copy(update={"to_per_s": s.to_per_s * times}) for s in self.stages)
        return self.model_copy(update={"start_per_s": self.start_per_s * times, "stages": tuple(stages)})


class Spike(_Poisson):
    """A lull, a jump at the release, and a decay that halves every `half_life_s`."""

    shape: Literal["spike"]
    lull_s: float = Field(ge=0)
    lull_per_s: float = Field(ge=0)
    peak_per_s: float = Field(gt=0)
    half_life_s: float = Field(gt=0)
    decay_s: float = Field(gt=0)

    @property
    def duration_s(self) -> float:
        """The lull and the decay."""
        return self.lull_s + self.decay_s

    def _pieces(self) -> tuple[_Piece, ...]:
        decay = _Decay(self.decay_s, self.peak_per_s, self.half_life_s)
        return (_Line(self.lull_s, self.lull_per_s, self.lull_per_s), decay) if self.lull_s else (decay,)

    def scaled(self, time: float) -> Self:
        """The same rates; lull, half-life and decay `time` times as long."""
        lengths = ("lull_s", "half_life_s", "decay_s")
        return self.model_copy(update={name: getattr(self, name) * time for name in lengths})

    def denser(self, times: float) -> Self:
        """`times` the rates, for as long."""
        rates = ("lull_per_s", "peak_per_s")
        return self.model_copy(update={name: getattr(self, name) * times for name in rates})


class Replay(Part):
    """The counts of a CSV file (`second,count`), each spread evenly at random over its second.

    `file` is relative to the scenario's own file. Loading fills `counts` from it, so that a scenario embedded
    in a run's folder needs no other file. `row_s` is how long a row lasts: a second, unless it was scaled.
    """

    shape: Literal["replay"]
    file: Path
    counts: tuple[NonNegativeInt, ...] = Field(min_length=1)
    row_s: float = Field(default=1.0, gt=0)

    @property
    def duration_s(self) -> float:
        """All rows."""
        return len(self.counts) * self.row_s

    @property
    def expected(self) -> float:
        """The number of arrivals, which is exact."""
        return sum(self.counts)

    def times(self, random: np.random.Generator) -> Floats:
        """The moments of one drop, sorted, in seconds from its start."""
        rows = np.repeat(np.arange(len(self.counts)), self.counts)
        return np.sort((rows + random.random(len(rows))) * self.row_s)

    def scaled(self, time: float) -> Self:
        """The same rates, every row `time` times as long."""
        return self.denser(time).model_copy(update={"row_s": self.row_s * time})

    def denser(self, times: float) -> Self:
        """`times` the counts, in rows as long.

        The running total is rounded, not each count, so that small counts are not lost.
        """
        totals = np.rint(np.cumsum(self.counts) * times).astype(np.int64)
        return self.model_copy(update={"counts": tuple(np.diff(totals, prepend=0).tolist())})


def read_counts(file: Path) -> tuple[int, ...]:
    """The arrivals of each second, from a CSV file with the header `second,count`.

    Seconds count up from 0; one that is left out had no arrival.

    Raises:
        ReadingError: the file cannot be read, or a line is not as described; the text gives its number and
            says what was expected.
    """
    lines = text_of(file, expected="a CSV file with the header 'second,count'").splitlines()
    if not lines or [name.strip() for name in lines[0].split(",")] != ["second", "count"]:
        found = reprlib.repr(lines[0] if lines else "")
        raise ReadingError(f"{file}: line 1 is {found}; expected the header 'second,count'")
    try:
        counts = tuple(_filled(_rows(lines[1:])))
    except ValueError as error:
        raise ReadingError(f"{file}: {error}") from error
    if not counts:
        raise ReadingError(f"{file}: nothing below the header; expected a line for each second with arrivals")
    return counts


_LONGEST_REPLAY_S = 7 * 24 * 3600
_MOST_A_SECOND = 10**9


def _rows(lines: list[str]) -> Iterable[tuple[int, int]]:
    previous = -1
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            second, count = (int(cell) for cell in line.split(","))
        except ValueError:
            raise ValueError(
                f"line {number} is {reprlib.repr(line)}; expected two whole numbers, second,count"
            ) from None
        if not 0 <= count <= _MOST_A_SECOND:
            raise ValueError(f"line {number}: count is {count}; expected from 0 to {_MOST_A_SECOND}")
        if not previous < second < _LONGEST_REPLAY_S:
            raise ValueError(
                f"line {number}: second is {second}; expected more than {previous} (the line before) "
                f"and less than {_LONGEST_REPLAY_S} (a week)"
            )
        previous = second
        yield second, count


def _filled(rows: Iterable[tuple[int, int]]) -> list[int]:
    counts: list[int] = []
    for second, count in rows:
        counts.extend([0] * (second - len(counts)))
        counts.append(count)
    return counts
