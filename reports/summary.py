"""The outcome of an experiment: `summary.json`. Documented key by key in docs/summary-schema.md.

A key that goes away or changes its meaning raises the number in `schema`; a new key does not.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reports.documents import Document
from reports.experiment import Calibration, Git, Machine
from reports.shapes import Aggregate, Number, Part
from reports.violations import AuditReport
from scenarios.scenario import Scenario

SCHEMA: Literal["dropday.summary/1"] = "dropday.summary/1"
FILE = "summary.json"

ExitCode = Literal[0, 1, 3]


class Validity(Part):
    """Whether the generator kept its schedule; what an invalid run measured says nothing about the system."""

    verdict: Literal["valid", "invalid"]
    """`invalid` with any reason."""
    reasons: tuple[str, ...]
    """Where the schedule was not kept, and by how much."""
    measured_again: tuple[str, ...]
    """What was wrong with runs that others were measured in place of."""


class Control(Part):
    """Whether the run was dangerous enough to prove anything: a control must oversell in it."""

    verdict: Literal["pass", "unknown"]
    """`pass`: a control oversold. `unknown`: none did, or none took part."""
    why: str
    """What the controls did."""


class PredictionError(Part):
    """One figure, predicted against measured."""

    measured: Number
    """The mean over repeats."""
    predicted: Number
    """The mean over replications."""
    relative: Number | None
    """(predicted - measured) / measured; null where 0 was measured and something else predicted."""
    covered: bool
    """The interval of the prediction holds what was measured."""


class StrategySummary(Part):
    """One strategy's verdicts and figures."""

    name: str
    """As the system names it."""
    safe: bool
    """False for a control."""
    ack: Literal["committed", "queued"]
    """What an acknowledgement means."""
    redis: Literal["none", "lock", "stock"]
    """What it keeps in Redis."""
    exact: bool
    """It promises not to say "sold out" while units may still be had."""
    validity: Validity
    """Of its measured runs; valid where there are only predicted ones."""
    audit: AuditReport
    """Of its measured runs, or of the predicted ones where nothing was measured."""
    measured: Aggregate | None
    """The figures of the load test; null where there was none."""
    predicted: Aggregate | None
    """The figures of the model; null where it did not run."""
    prediction_error: dict[str, PredictionError]
    """For each figure that was both measured and predicted, under its path."""

    @property
    def engine(self) -> Literal["measured", "predicted"]:
        """Whose figures and audit the verdicts are about: the load test's, or else the model's."""
        return "measured" if self.measured else "predicted"

    @property
    def figures(self) -> Aggregate:
        """The figures that the verdicts are about."""
        figures = self.measured or self.predicted
        if figures is None:
            raise ValueError(f"{self.name}: neither measured nor predicted; expected at least one")
        return figures


class Bound(Part):
    """What a figure must keep to."""

    kind: Literal["max", "min", "max_ratio", "min_ratio", "equals"]
    """`equals` is for verdicts."""
    limit: Number | str
    """The number, or the verdict, to keep to."""
    to: str | None
    """For a ratio: the strategy, or the baseline file, that it is taken to."""


class Judgement(Part):
    """One threshold, judged for one strategy or for the whole run."""

    metric: str
    """The path of the figure in the strategy's entry, or the name of a verdict."""
    strategy: str | None
    """Null for a verdict on the whole run."""
    bound: Bound
    """What was asked for."""
    value: Number | str | None
    """The figure, ratio or verdict that was found; null where there is none."""
    status: Literal["pass", "fail", "unknown", "skipped"]
    """`unknown`: it could not be judged. `skipped`: it does not apply to this run."""
    message: str
    """The finding in a sentence, with the value and the bound."""
    reason: str
    """Why the threshold is there."""
    fixed: bool
    """An invariant, which thresholds.toml cannot loosen."""

    @property
    def title(self) -> str:
        """The metric and its bound, such as `measured.latency_ms.bought.p99 max 5000`."""
        limit = self.bound.limit if isinstance(self.bound.limit, str) else f"{self.bound.limit:g}"
        words = [self.metric, self.bound.kind, limit, self.bound.to and f"to {self.bound.to}"]
        return " ".join(word for word in words if word)

    @property
    def sentence(self) -> str:
        """Whose figure it is, and the finding."""
        return f"{self.strategy or 'run'}: {self.metric}: {self.message}"


class RunFacts(Part):
    """How the experiment was run."""

    id: str
    """The name of the run's folder."""
    started_at: str
    """ISO 8601."""
    command: str
    """Repeats it."""
    servers: str | None
    """Who provided PostgreSQL and Redis; null when nothing was measured."""
    profile: str | None
    """The profile that the model was calibrated with; null when nothing was predicted."""
    calibration: Calibration | None
    """What the profile is a copy of; null where it is kept nowhere else."""
    cautions: tuple[str, ...]
    """Where the prediction goes beyond what was calibrated."""
    fit_check: str | None
    """How the model does in runs of the calibration to which it was not fitted; null when there were none."""
    repeats: int
    """Measured runs of each strategy."""
    replications: int
    """Predicted runs of each strategy."""
    workers: int
    """Worker processes of the system."""
    pool_size: int
    """Database connections of each worker."""
    axes: dict[str, bool | int | float | str]
    """What else was set of the system; the rest was at its default, or as each strategy needs it."""
    unpredicted: tuple[str, ...]
    """Strategies that the model does not know."""
    system_cores: tuple[int, ...]
    """The cores that the system was pinned to."""
    generator_cores: tuple[int, ...]
    """The cores that the load generator was pinned to."""


class Summary(Document):
    """All that an experiment came to."""

    file = FILE

    schema_: Literal["dropday.summary/1"] = Field(default=SCHEMA, alias="schema")
    """The name and version of this schema."""
    verdict: Literal["pass", "fail", "invalid", "unknown"]
    """On everything."""
    exit_code: ExitCode
    """0 pass, 1 fail, 3 invalid or unknown."""
    headline: tuple[str, ...]
    """The verdict in a few sentences."""
    reasons: tuple[str, ...]
    """Every finding that keeps the verdict from `pass`, the gravest first."""
    scenario: Scenario
    """As it was run: after any scaling of time."""
    seed: int
    """The arrivals and every later draw follow from it."""
    machine: Machine
    """Where it ran."""
    git: Git
    """The code that ran."""
    run: RunFacts
    """How it was run."""
    control: Control
    """Whether the run was dangerous enough to prove anything."""
    strategies: tuple[StrategySummary, ...]
    """In the order of the experiment."""
    thresholds: tuple[Judgement, ...]
    """The invariants first, then those of thresholds.toml."""
