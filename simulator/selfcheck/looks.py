"""A row of the table: looked at in independent runs; it is right if the interval covers the exact value.

Each interval is of 99.9 %. A figure fails only if it is not covered by a second look either, which has other
random numbers and ten times as many runs: one in a million, for a program that is right, and with a hundred
figures one check in 10,000 (Bonferroni). The bar is one in 1,000. What lies between is for intervals that are
of 99.9 % only in the limit: the 99th percentile of few waits, each like the one before, is missed more often.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import stats

from simulator.selfcheck.engines import Engine, System
from simulator.selfcheck.measures import busy_gap, little_gap
from simulator.selfcheck.systems import Network, Queue

CONFIDENCE = 0.999
ROUNDING = 1e-9  # what an identity may be off by
_SECTIONS = 20  # groups of runs, at most
_SECOND_LOOK = 10  # times as many runs

Effort = Literal["short", "full"]


@dataclass(frozen=True)
class Quantity:
    """What is measured over some runs, and what theory says of it.

    `is_identity`: it holds on every path, up to rounding, so that there is no interval.
    """

    name: str
    exact: float
    measure: Callable[[Sequence[Any]], float]
    is_identity: bool = False


@dataclass(frozen=True)
class Row:
    """A system with its quantities, and how many independent runs each effort takes.

    `run_ms` is about what a run takes, for a progress bar.
    """

    name: str
    system: System
    quantities: tuple[Quantity, ...]
    short: int
    full: int
    run_ms: float
    note: str = ""

    def replications(self, effort: Effort) -> int:
        """How many runs are looked at."""
        return self.short if effort == "short" else self.full

    def expected_s(self, effort: Effort) -> float:
        """About how long that takes."""
        return self.replications(effort) * self.run_ms / 1e3

    @property
    def all_quantities(self) -> tuple[Quantity, ...]:
        """Those that are asked for, and of a queue the laws that every path of one obeys."""
        return (*self.quantities, *(LAWS if isinstance(self.system, Queue | Network) else ()))


LAWS = (
    Quantity("Little's law", 0.0, lambda paths: max(map(little_gap, paths)), is_identity=True),
    Quantity("utilisation law", 0.0, lambda paths: max(map(busy_gap, paths)), is_identity=True),
)
"""The largest relative gap between their two sides, over all paths."""


class Estimate(NamedTuple):
    """With its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """One quantity of one row, as one engine has it."""

    row: Row
    quantity: Quantity
    engine: str
    estimate: Estimate
    look: int

    @property
    def is_covered(self) -> bool:
        """Whether theory and engine agree."""
        rounding = ROUNDING * max(1.0, abs(self.quantity.exact)) if self.quantity.is_identity else 0.0
        return self.estimate.low - rounding <= self.quantity.exact <= self.estimate.high + rounding


def check(row: Row, engine: Engine, *, seed: int, effort: Effort) -> list[Finding]:
    """What an engine makes of a row."""
    first = _look(row, engine, seed, effort, 1)
    if all(finding.is_covered or finding.quantity.is_identity for finding in first):
        return first
    second = _look(row, engine, seed, effort, 2)
    return [was if was.is_covered else now for was, now in zip(first, second, strict=True)]


def _look(row: Row, engine: Engine, seed: int, effort: Effort, look: int) -> list[Finding]:
    times = engine.replications * (_SECOND_LOOK if look > 1 else 1)
    runs = list(_runs(row, engine, (seed, look), times * row.replications(effort)))
    return [
        Finding(row, quantity, engine.name, _estimate(quantity, runs), look)
        for quantity in row.all_quantities
    ]


def _runs(row: Row, engine: Engine, key: tuple[int, ...], replications: int) -> Iterator[Any]:
    """The random numbers of a run belong to the seed, the row and the run: all engines are given the same."""
    run = engine.runs[type(row.system)]
    for replication in range(replications):
        yield run(row.system, np.random.default_rng((*key, zlib.crc32(row.name.encode()), replication)))


def _estimate(quantity: Quantity, runs: Sequence[Any]) -> Estimate:
    value = quantity.measure(runs)
    if quantity.is_identity:
        return Estimate(value, value, value)
    parts = [quantity.measure(section) for section in _sections(runs)]
    if min(value, *parts) > 0:
        factor = math.exp(half_width(math.log(value), [math.log(part) for part in parts]))
        return Estimate(value, value / factor, value * factor)
    half = half_width(value, parts)
    return Estimate(value, value - half, value + half)


def _sections(runs: Sequence[Any]) -> list[Sequence[Any]]:
    """The runs in groups of as good as equal size."""
    ends = np.linspace(0, len(runs), min(len(runs), _SECTIONS) + 1).astype(int)
    return [runs[begin:end] for begin, end in pairwise(ends.tolist())]


def half_width(value: float, of_sections: Sequence[float]) -> float:
    """Of the interval around a value that was measured on all runs, from what it is in each section of them.

    Sectioning (Asmussen and Glynn 2007, III.5): the spread is taken around the value of all runs, whose bias
    is far smaller than that of the sections; so quantiles and ratios are treated as means are.
    """
    number = len(of_sections)
    error = math.sqrt(math.fsum((part - value) ** 2 for part in of_sections) / (number * (number - 1)))
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, number - 1)) * error


def folded(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, with the laws that hold everywhere in one line for each engine: the worst of them."""
    laws = [finding for finding in findings if finding.quantity in LAWS]
    rest = [finding for finding in findings if finding.quantity not in LAWS]
    for engine in dict.fromkeys(finding.engine for finding in laws):
        for law in LAWS:
            found = [one for one in laws if one.quantity is law and one.engine == engine]
            worst = max(found, key=lambda one: one.estimate.value)
            if worst.is_covered:
                name = f"each of these {len(found)} queues, on every path"
                worst = replace(worst, row=replace(worst.row, name=name, note=""))
            rest.append(worst)
    return rest
