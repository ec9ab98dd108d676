"""The shapes of the answers: `questions.json`, one entry for each question that was asked.

A figure of a run has the same meaning as in `summary.json`. All of them are predictions.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reports.answers.shapes.common import (
    Estimate,
    Figure,
    Objective,
    Spread,
    Whose,
    nobody_asked,
    unknown_share,
)
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
from reports.answers.shapes.sizes import (
    Capacity,
    Cell,
    CrowdPoint,
    Sizing,
    StrategyCapacity,
    StrategySizing,
    System,
)
from reports.foretold import Asked, Foretold

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
    "System",
    "Whose",
    "nobody_asked",
    "unknown_share",
]

SCHEMA: Literal["dropday.questions/2"] = "dropday.questions/2"
FILE = "questions.json"


class Answers(Foretold):
    """All that was asked in one go, and with what it was answered."""

    file = FILE

    schema_: Literal["dropday.questions/2"] = Field(default=SCHEMA, alias="schema")
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
