"""Whether the model foresaw what was measured: `validation.json`, one cell for each figure.

A prediction is written down before its run is measured, at loads that the calibration never saw.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import Literal

from pydantic import Field

from reports.documents import Document
from reports.experiment import Git, Machine
from reports.metrics import interval
from reports.shapes import Metrics, Part, leaves

SCHEMA: Literal["dropday.validation/2"] = "dropday.validation/2"
FILE = "validation.json"

# How far off a prediction may be: relative to what was measured.
GOALS = {
    "orders_per_s": 0.05,
    "utilisation.share": 0.05,
    "latency_ms.bought.p50": 0.10,
    "latency_ms.bought.p95": 0.15,
    "latency_ms.bought.p99": 0.25,
    "peak_in_system": 0.15,
    "retries": 0.15,
    "units.oversold": 0.20,
}
_ALIKE = 0.05  # how far apart, relative to each other, speeds of the machine are that count as the same
RANKED_BY = ("orders_per_s", "latency_ms.bought.p99")


class Load(Part):
    """What was sent to a strategy, and with which axes of the system."""

    name: str
    """Of the load, such as `85 %`: the arrival rate relative to the orders a second of a calibrated crowd."""
    offered_per_s: float
    """The mean rate of arrivals."""
    workers: int
    pool_size: int
    beyond: str = ""
    """What about it the calibration has not seen, where the model has to extrapolate."""


class Cell(Part):
    """One figure of one strategy under one load: predicted with its interval, then measured."""

    strategy: str
    load: str
    metric: str
    """The path of the figure in `measured`, as in `summary.json`."""
    predicted: float
    """The median of the replications."""
    low: float
    """The next run lies between these two with a chance of at least 90 %."""
    high: float
    measured: float
    """The mean over the repeats."""
    runs: tuple[float, ...]
    """Of each repeat."""
    spread: float | None
    """Half of the range of the repeats, relative to `measured`; null where that is 0."""
    error: float | None
    """The prediction less what was measured, relative to it; null where that is 0."""
    given_speed: float | None
    """The error of what was foreseen for a machine as fast as it was in these runs; null where that is 0."""
    goal: float
    """How far off it may be, relative to what was measured."""
    within: bool
    """Not farther off than the goal, or than the machine's own spread where that is larger."""
    baselines: dict[str, float | None]
    """The error of each simpler model."""

    @property
    def covered(self) -> int:
        """How many of the repeats lie in the interval."""
        return sum(self.low <= run <= self.high for run in self.runs)

    @property
    def half_width(self) -> float | None:
        """Of the interval, relative to the prediction."""
        return (self.high - self.low) / 2 / self.predicted if self.predicted else None


class Ranking(Part):
    """Pairs of strategies whose repeats do not overlap under the same load: which of them is better?"""

    load: str
    metric: str
    pairs: int
    right: int
    """Pairs that the model had in this order."""
    wrong: tuple[tuple[str, str], ...]
    """The others."""


class Invalid(Part):
    """A run that says nothing, because the generator did not keep its schedule."""

    strategy: str
    load: str
    reasons: tuple[str, ...]


class Validation(Document):
    """All cells of a validation, and what they were made with."""

    file = FILE

    schema_: Literal["dropday.validation/2"] = Field(default=SCHEMA, alias="schema")
    command: str
    started_at: str
    seed: int
    repeats: int
    replications: int
    machine: Machine
    versions: dict[str, str]
    git: Git
    loads: dict[str, dict[str, Load]]
    """By strategy and the name of the load."""
    cells: tuple[Cell, ...]
    rankings: tuple[Ranking, ...]
    invalid: tuple[Invalid, ...]


class Ran(Part):
    """The figures of a run, and how fast the machine was meanwhile, in steps of a probe per microsecond.

    `misfits`: by the path of a figure, how far the model that made the run is from the system.
    """

    metrics: Metrics
    speed: float
    misfits: dict[str, float] = Field(default_factory=dict)


class Foreseen(Part):
    """A figure that is to come: the median of its replications, and the interval for one more run.

    `by_speed` has the machine's speed in each replication, and the figure.
    """

    predicted: float
    low: float
    high: float
    by_speed: tuple[tuple[float, float], ...]

    def given(self, speed: float) -> float:
        """The median of those replications in which the machine was about as fast: the closer, the more.

        (A Gaussian kernel; Nadaraya and Watson, 1964, for the median.)
        """
        figures = sorted(
            (figure, math.exp(-((math.log(one / speed) / _ALIKE) ** 2) / 2)) for one, figure in self.by_speed
        )
        half = math.fsum(weight for _, weight in figures) / 2
        so_far = itertools.accumulate(weight for _, weight in figures)
        return next(figure for (figure, _), weight in zip(figures, so_far, strict=True) if weight >= half)


def foreseen(replications: Sequence[Ran]) -> dict[str, Foreseen]:
    """Each figure that has a goal, of one or more replications."""
    found = [(run.speed, _figures(run.metrics)) for run in replications]
    return {
        metric: _foreseen(
            [(speed, figures[metric]) for speed, figures in found if metric in figures],
            replications[0].misfits.get(metric, 0.0),
        )
        for metric in GOALS
        if any(metric in figures for _, figures in found)
    }


def _foreseen(by_speed: Sequence[tuple[float, float]], misfit: float) -> Foreseen:
    runs = [figure for _, figure in by_speed]
    return Foreseen(predicted=median(runs), by_speed=tuple(by_speed), **interval(runs, misfit).model_dump())


def cells(
    strategy: str,
    load: str,
    predicted: Mapping[str, Foreseen],
    baselines: Mapping[str, Mapping[str, float]],
    measured: Sequence[Ran],
) -> Iterator[Cell]:
    """A cell for each figure that has a goal, except where there was nothing to foresee and nothing was.

    Args:
        baselines: by the name of a simpler model, its figures by path.
        measured: one or more repeats.
    """
    found = [_figures(run.metrics) for run in measured]
    speed = fmean(run.speed for run in measured) if measured else 1.0
    for metric, goal in GOALS.items():
        runs = tuple(figures[metric] for figures in found if metric in figures)
        if metric not in predicted or not runs or not (any(runs) or predicted[metric].predicted):
            continue
        mean = fmean(runs)
        spread = (max(runs) - min(runs)) / 2 / mean if mean else None
        error = _error(predicted[metric].predicted, mean)
        yield Cell(
            strategy=strategy,
            load=load,
            metric=metric,
            **predicted[metric].model_dump(exclude={"by_speed"}),
            measured=mean,
            runs=runs,
            spread=spread,
            error=error,
            given_speed=_error(predicted[metric].given(speed), mean),
            goal=goal,
            within=error is not None and abs(error) <= max(goal, spread or 0.0),
            baselines={name: _error(figures[metric], mean) for name, figures in baselines.items()},
        )


def _error(predicted: float, measured: float) -> float | None:
    return predicted / measured - 1 if measured else None


def _figures(metrics: Metrics) -> dict[str, float]:
    tree = metrics.model_dump(exclude={"bound_by"})
    return {path: float(value) for path, value in leaves(tree) if path in GOALS and value is not None}


def rankings(all_cells: Iterable[Cell], loads: Sequence[str]) -> Iterator[Ranking]:
    """How well the model ranks the strategies under each of `loads`, which are the same for all of them."""
    for load, metric in itertools.product(loads, RANKED_BY):
        here = [cell for cell in all_cells if (cell.load, cell.metric) == (load, metric)]
        apart = [pair for pair in itertools.combinations(here, 2) if _are_apart(*pair)]
        wrong = [pair for pair in apart if not _in_order(*pair)]
        if apart:
            yield Ranking(
                load=load,
                metric=metric,
                pairs=len(apart),
                right=len(apart) - len(wrong),
                wrong=tuple((one.strategy, other.strategy) for one, other in wrong),
            )


def _are_apart(one: Cell, other: Cell) -> bool:
    return max(one.runs) < min(other.runs) or max(other.runs) < min(one.runs)


def _in_order(one: Cell, other: Cell) -> bool:
    return (one.measured < other.measured) == (one.predicted < other.predicted)


class Summed(Part):
    """The cells of one figure together."""

    metric: str
    goal: float
    cells: int
    within: int
    error: float
    """The median of what the errors are without their sign."""
    worst: float
    given_speed: float
    """The median error of what was foreseen for a machine as fast as it was, without its sign."""
    covered: float
    """The share of all repeats that lie in the interval of their prediction."""
    half_width: float
    """The median, relative to the prediction."""
    apart: float | None
    """The median range of the repeats of a load, relative to their mean; null where each ran once."""
    baselines: dict[str, float]
    """The median of the errors of each simpler model, without their sign."""


def summed(all_cells: Sequence[Cell]) -> Iterator[Summed]:
    """What the cells of each figure come to, of those figures that have any with something measured."""
    for metric, goal in GOALS.items():
        here = [cell for cell in all_cells if cell.metric == metric]
        errors = [abs(cell.error) for cell in here if cell.error is not None]
        if not errors:
            continue
        names = here[0].baselines
        ranges = [2 * cell.spread for cell in here if cell.spread is not None and len(cell.runs) > 1]
        yield Summed(
            metric=metric,
            goal=goal,
            cells=len(here),
            within=sum(cell.within for cell in here),
            error=median(errors),
            worst=max(errors),
            given_speed=median(abs(cell.given_speed) for cell in here if cell.given_speed is not None),
            covered=sum(cell.covered for cell in here) / sum(len(cell.runs) for cell in here),
            half_width=median(cell.half_width for cell in here if cell.half_width is not None),
            apart=median(ranges) if ranges else None,
            baselines={
                name: median(abs(error) for cell in here if (error := cell.baselines[name]) is not None)
                for name in names
            },
        )
