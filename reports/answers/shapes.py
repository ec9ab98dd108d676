"""The shapes of the answers: `questions.json`, one entry for each question that was asked.

A figure of a run has the same meaning as in `summary.json`. All of them are predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal, Self

from pydantic import ConfigDict, Field

from reports.experiment import Git, Machine
from reports.metrics import rank
from reports.shapes import Metrics, Part
from scenarios.history import Outcome
from scenarios.scenario import Scenario

SCHEMA: Literal["dropday.questions/1"] = "dropday.questions/1"
FILE = "questions.json"

Whose = Literal["buyers", "everyone", "both"]


class Spread(Part):
    """A figure over replications."""

    mean: float
    """Of all replications."""
    low: float
    """One more replication would lie between these two, as `intervals` in `summary.json`."""
    high: float
    """The other end."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of one value or more."""
        ordered, nth = sorted(values), rank(len(values))
        return cls(mean=fmean(ordered), low=ordered[nth - 1], high=ordered[-nth])


class Objective(Part):
    """What a crowd is promised."""

    p99_ms: float
    """99 of 100 are to have their answer within so long."""
    of: Whose
    """Of whom: of the orders that were taken, of all attempts to order, or of each of both."""
    unknown_share: float
    """Of all attempts, at most this share may end without an answer."""

    def wait_ms(self, metrics: Metrics) -> float | None:
        """How long 99 of 100 waited, the longer one of both; None where nobody asked or bought."""
        groups = {"buyers": ["bought"], "everyone": ["order"], "both": ["bought", "order"]}[self.of]
        waits = [metrics.latency_ms[name].p99 for name in groups if name in metrics.latency_ms]
        return max(waits, default=None)

    def is_kept(self, wait_ms: float | None, unknown_share: float) -> bool:
        """Whether such a run keeps the promise; one of which nothing is known does not."""
        return wait_ms is not None and wait_ms <= self.p99_ms and unknown_share <= self.unknown_share

    @property
    def sentence(self) -> str:
        """The promise in words."""
        whom = {
            "buyers": "99 of 100 buyers",
            "everyone": "99 of 100 who ask",
            "both": "99 of 100 buyers, and 99 of 100 of all who ask,",
        }[self.of]
        return (
            f"{whom} have their answer within {self.p99_ms:,.0f} ms, "
            f"and no more than {self.unknown_share * 100:g} % have none"
        )


def unknown_share(metrics: Metrics) -> float:
    """Of all attempts, those that ended without an answer."""
    attempts = sum(metrics.outcomes.values())
    return metrics.outcomes[Outcome.UNKNOWN] / attempts if attempts else 0.0


class CrowdPoint(Part):
    """What a crowd of one size would see."""

    arrivals: float
    """The expected number of journeys."""
    wait_ms: Spread | None
    """The objective's latency; null where there was none."""
    orders_per_s: Spread
    """In the busiest stretch."""
    unknown_share: float
    """Of all attempts, the mean over replications."""
    bound_by: str
    """What bound most of the replications."""
    kept: bool
    """The objective was kept, on average."""


class StrategyCapacity(Part):
    """How large a crowd may become."""

    strategy: str
    points: tuple[CrowdPoint, ...]
    """By the size of the crowd."""
    breaks_at: float | None
    """Arrivals at which the objective breaks, between two points; null where none of them tells."""
    headroom: float | None
    """How much larger than the rehearsed crowd that is, relative to it; negative where it is smaller."""
    knee_at: float | None
    """Arrivals at which orders stop coming faster with a larger crowd; null where they do not."""
    binds_now: str
    """What binds at the rehearsed crowd."""
    binds_beyond: str
    """What binds at the first crowd that breaks the objective, or the largest that was tried."""
    binds_next: str
    """What binds there on the `relieved` machine."""

    @property
    def always_kept(self) -> bool:
        """No crowd that was tried broke the objective."""
        return all(point.kept for point in self.points)


class Capacity(Part):
    """How many shoppers until the objective breaks?"""

    objective: Objective
    rehearsed: float
    """Arrivals of the scenario as it is."""
    replications: int
    """Of each point."""
    relieved: str
    """The machine that shows what binds next; an extrapolation."""
    strategies: tuple[StrategyCapacity, ...]


class Cell(Part):
    """A system of one size under the crowd."""

    cores: int
    workers: int
    pool_size: int
    """Connections of each worker."""
    wait_ms: float | None
    """The objective's latency, the mean over replications."""
    unknown_share: float
    """Of all attempts."""
    kept: bool
    """The objective was kept."""
    beyond: bool
    """The calibration was of another size."""


class StrategySizing(Part):
    """All sizes that were tried."""

    strategy: str
    cells: tuple[Cell, ...]
    smallest: Cell | None
    """That keeps the objective: the fewest cores, then workers, then connections."""


class Sizing(Part):
    """How many cores, workers and connections for so many arrivals?"""

    objective: Objective
    arrivals: float
    replications: int
    calibrated: str
    """The size of the system that was calibrated."""
    left_out: tuple[str, ...]
    """Strategies that oversell: nobody sizes a shop for them."""
    strategies: tuple[StrategySizing, ...]


class Figure(Part):
    """A figure of a run that a question is about."""

    path: str
    """In the metrics of a run."""
    title: str
    unit: str


class Swing(Part):
    """What one factor alone does, everything else being as it is."""

    factor: str
    low_setting: str
    high_setting: str
    low: float
    """The figure at the low setting, the mean over replications."""
    high: float
    """And at the high one."""

    @property
    def width(self) -> float:
        """How far apart the two are."""
        return abs(self.high - self.low)


class Influence(Part):
    """What a factor does while the others vary as well, in the unit of the figure, or as a share."""

    factor: str
    effect: float
    """Morris: the mean absolute effect (mu*). Sobol: the total index."""
    half_width: float
    """Of its 95 % confidence interval, by resampling."""
    interplay: float
    """Morris: the standard deviation of the effects, large where a factor bends or depends on others.
    Sobol: the total less the first index."""


class StrategySensitivity(Part):
    """What moves the figure of one strategy."""

    strategy: str
    baseline: float
    """The figure of the scenario as it is."""
    swings: tuple[Swing, ...]
    """The widest first."""
    influences: tuple[Influence, ...]
    """The largest first."""


class Sensitivity(Part):
    """What do the spike's height, the stock, the patience, the bots do?"""

    figure: Figure
    replications: int
    method: Literal["morris", "sobol"]
    """Of the influences (SALib)."""
    runs: int
    """Of each strategy, for the influences."""
    strategies: tuple[StrategySensitivity, ...]


class StrategyQueue(Part):
    """Attempts in the system over time."""

    strategy: str
    median: tuple[float, ...]
    """Over replications, at each step."""
    low: tuple[float, ...]
    """One more replication would lie between these two, at each step."""
    high: tuple[float, ...]
    peak: Spread
    """The most attempts at one moment."""
    begins_s: Spread | None
    """When more attempts were in the system than it has connections; null where that never came to pass."""
    empties_s: Spread | None
    """When they were that few again, for good."""
    without: int
    """Replications that had no queue."""


class Queue(Part):
    """How long does the queue last?"""

    connections: int
    """Of all workers: who finds more attempts than that waits for sure."""
    step_s: float
    """The series begin at 0 and have one value for each step."""
    last_arrival_s: float
    """Nobody comes after that, but for repeated attempts."""
    replications: int
    strategies: tuple[StrategyQueue, ...]


class StrategyOversell(Part):
    """Units sold beyond the stock."""

    strategy: str
    safe: bool
    oversold: tuple[int, ...]
    """Of each replication, sorted."""
    mean: float
    p95: float
    """19 of 20 replications had no more."""
    none_share: float
    """Of the replications, those that oversold nothing."""
    bound: float | None
    """Where none oversold: with 95 % confidence a run oversells with no larger a chance (rule of three)."""


class Oversell(Part):
    """How much is oversold?"""

    stock: int
    replications: int
    strategies: tuple[StrategyOversell, ...]


class Prices(Part):
    """What machines cost, from a price file. Money is in `currency`, whatever it is."""

    currency: str = Field(min_length=1, max_length=10)
    core_hour: float = Field(ge=0)
    """An hour of a core that runs workers or the consumer."""
    database_core_hour: float = Field(ge=0)
    """An hour of a core of the database."""
    redis_gib_hour: float = Field(ge=0)
    """An hour of a GiB of Redis; its CPU is taken to be paid with it."""
    redis_gib: float = Field(default=1.0, gt=0)
    """So large a Redis is kept, under a strategy that needs one."""
    kept_hours: float = Field(default=1.0, gt=0)
    """Machines are kept for so long for one drop, busy or not."""


class StrategyCost(Part):
    """For a thousand orders that can be delivered, in the currency of the prices."""

    strategy: str
    application: float
    """The cores that workers and consumer kept busy over the whole drop, sold-out answers included."""
    database: float
    redis: float
    """For the whole drop, from its first second to the last answer."""
    total: Spread
    """Over replications."""
    while_selling: float
    """The same while orders come fastest: what orders cost when few are sent away."""
    kept: float
    """If all cores are paid for `kept_hours`, each at the price of whoever uses it; and Redis as well."""
    delivered: float
    """Orders that can be delivered: those taken, less the share of them that was oversold."""


class Cost(Part):
    """What do a thousand orders cost?"""

    prices: Prices
    source: str
    """Where the prices are from."""
    is_example: bool
    """They are made up."""
    replications: int
    strategies: tuple[StrategyCost, ...]


class Parameter(Part):
    """A calibrated parameter, and what not knowing it better does to the figure."""

    path: str
    """In the strategy's part of the profile, or in the profile itself."""
    value: float
    """In ms where the path says so."""
    least: float
    """It was moved between these two."""
    most: float
    known: bool
    """They are the ends of its interval in the profile, and not by the same share for all."""
    low: float
    """The figure at the least of it, the mean over replications."""
    high: float
    """And at the most."""
    spread: float
    """How far apart the figures are."""
    noise: float
    """How far apart two means would be by chance alone: the standard error of the paired difference."""

    @property
    def certain(self) -> float:
        """What is left of the spread when chance takes its part."""
        return max(0.0, self.spread - self.noise)


class StrategyParameters(Part):
    """Which of them to measure next."""

    strategy: str
    baseline: float
    parameters: tuple[Parameter, ...]
    """Those that moved the figure most in a first run, the widest certain spread first."""
    of: int
    """So many parameters there are."""


class MeasureNext(Part):
    """Which calibrated parameter should be measured next?"""

    figure: Figure
    relative: float
    """By so much a parameter is moved up and down of which the profile states no interval."""
    replications: int
    strategies: tuple[StrategyParameters, ...]


class Asked(Part):
    """A strategy that the questions are about."""

    name: str
    safe: bool
    ack: Literal["committed", "queued"]
    """What an acknowledgement means; the waits here are always until the order is committed or refused."""


class Answers(Part):
    """All that was asked in one go, and with what it was answered."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["dropday.questions/1"] = Field(default=SCHEMA, alias="schema")
    command: str
    """Repeats it."""
    started_at: str
    scenario: Scenario
    """As it was asked about: after any scaling of time."""
    seed: int
    machine: Machine
    """Where the model ran."""
    git: Git
    profile: str
    """What the model knows of the machine that it foresees."""
    calibrated_at: str
    workers: int
    pool_size: int
    system_cores: int
    cautions: tuple[str, ...]
    """Where all of this goes beyond what was calibrated."""
    strategies: tuple[Asked, ...]
    capacity: Capacity | None = None
    sizing: Sizing | None = None
    sensitivity: Sensitivity | None = None
    queue: Queue | None = None
    oversell: Oversell | None = None
    cost: Cost | None = None
    measure_next: MeasureNext | None = None

    def save(self, run: Path) -> None:
        """Write `questions.json` into the run's folder."""
        (run / FILE).write_text(self.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, run: Path) -> Self:
        """Read the `questions.json` of a run's folder.

        Raises:
            FileNotFoundError: the folder has none.
            pydantic.ValidationError: it is of another version.
        """
        return cls.model_validate_json((run / FILE).read_text(encoding="utf-8"))


Answer = Capacity | Sizing | Sensitivity | Queue | Oversell | Cost | MeasureNext
