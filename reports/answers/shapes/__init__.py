"""The shapes of the answers: `questions.json`, one entry for each question that was asked.

A figure of a run has the same meaning as in `summary.json`. All of them are predictions.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reports.answers.shapes.common import Estimate, Figure, Objective, Spread, Whose, unknown_share
from reports.answers.shapes.compared import Compare, Difference, StrategyCompared
from reports.answers.shapes.drop import (
    Cost,
    Oversell,
    Prices,
    Queue,
    StrategyCost,
    StrategyOversell,
    StrategyQueue,
)
from reports.answers.shapes.influences import (
    Influence,
    MeasureNext,
    Parameter,
    Sensitivity,
    StrategyParameters,
    StrategySensitivity,
    Swing,
)
from reports.answers.shapes.leases import Held, LeaseLength, Leases, Pause
from reports.answers.shapes.sizes import Capacity, Cell, CrowdPoint, Sizing, StrategyCapacity, StrategySizing
from reports.documents import Document
from reports.experiment import Git, Machine
from reports.shapes import Part
from scenarios.scenario import Scenario

__all__ = [
    "FILE",
    "Answer",
    "Answers",
    "Asked",
    "Capacity",
    "Cell",
    "Compare",
    "Cost",
    "CrowdPoint",
    "Difference",
    "Estimate",
    "Figure",
    "Held",
    "Influence",
    "LeaseLength",
    "Leases",
    "MeasureNext",
    "Objective",
    "Oversell",
    "Parameter",
    "Pause",
    "Prices",
    "Queue",
    "Sensitivity",
    "Sizing",
    "Spread",
    "StrategyCapacity",
    "StrategyCompared",
    "StrategyCost",
    "StrategyOversell",
    "StrategyParameters",
    "StrategyQueue",
    "StrategySensitivity",
    "StrategySizing",
    "Swing",
    "Whose",
    "unknown_share",
]

SCHEMA: Literal["dropday.questions/1"] = "dropday.questions/1"
FILE = "questions.json"


class Asked(Part):
    """A strategy that the questions are about."""

    name: str
    safe: bool
    ack: Literal["committed", "queued"]
    """What an acknowledgement means; the waits here are always until the order is committed or refused."""


class Answers(Document):
    """All that was asked in one go, and with what it was answered."""

    file = FILE

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
    compare: Compare | None = None
    capacity: Capacity | None = None
    sizing: Sizing | None = None
    sensitivity: Sensitivity | None = None
    queue: Queue | None = None
    oversell: Oversell | None = None
    lease: Leases | None = None
    cost: Cost | None = None
    measure_next: MeasureNext | None = None


Answer = Compare | Capacity | Sizing | Sensitivity | Queue | Oversell | Leases | Cost | MeasureNext
