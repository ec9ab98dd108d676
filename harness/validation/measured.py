"""One case of a validation, measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness import measuring
from harness.display import Live
from harness.errors import RunError
from harness.rehearsal import Rehearsal
from harness.stage import Stage
from harness.validation.cases import Case
from reports import metrics
from reports.validation import Ran
from reports.validity import reasons_against
from scenarios.record import Record


@dataclass(frozen=True)
class Measured:
    """One run, and why it says nothing, if it does not; None: it did not come to its end."""

    ran: Ran | None
    reasons_against: tuple[str, ...]


def ran_of(record: Record) -> Ran:
    """The figures of a run, measured or predicted, and how fast the machine was meanwhile."""
    conditions = record.conditions
    return Ran(metrics=metrics.measure(record), speed=conditions.machine_speed, misfits=conditions.misfits)


def measure(stage: Stage, case: Case, rehearsal: Rehearsal, scratch: Path, live: Live) -> Measured:
    """Run the case once, with its own axes of the system. What it leaves in `scratch` is of no more use.

    If something dies, hangs or does not come to rest, that is no end of the hundreds of other runs.
    """
    try:
        measuring.measure(replace(stage, axes=case.axes), rehearsal, case.strategy, scratch, live)
    except RunError as error:
        return Measured(None, (str(error),))
    record = Record.load(scratch)
    return Measured(ran_of(record), tuple(reasons_against(record, rehearsal.scenario)))
