"""What a run of an experiment comes to, once its record is examined; the record itself is let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.audit import audit
from reports.metrics import measure
from reports.series import Series, observe
from reports.shapes import Metrics
from reports.validity import reasons_against
from reports.violations import AuditReport
from scenarios.record import Record
from scenarios.scenario import Scenario


@dataclass(frozen=True)
class Findings:
    """What one run, a repeat or a replication, came to."""

    metrics: Metrics
    audit: AuditReport
    invalid: Sequence[str]  # why it is, or nothing
    instead_of: Sequence[str]  # what was wrong with an earlier run, if it was measured in place of one
    series: Series
    misfits: Mapping[str, float]  # of figures, where it is a run of the model


@dataclass(frozen=True)
class Runs:
    """The runs of one strategy; never none of either kind."""

    measured: Sequence[Findings]
    predicted: Sequence[Findings]


def examine(record: Record, scenario: Scenario, *, exact: bool) -> Findings:
    """All that is to be said about one run of a strategy, measured or predicted; `exact`: see `audit`."""
    return Findings(
        metrics=measure(record),
        audit=audit(record, scenario, exact=exact),
        invalid=reasons_against(record, scenario),
        instead_of=record.conditions.instead_of,
        series=observe(record.history, scenario),
        misfits=record.conditions.misfits,
    )
