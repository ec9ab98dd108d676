"""What each run of an experiment comes to, once its record is read; the records themselves are let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.audit import audit
from reports.experiment import Experiment, ExperimentError, StrategyUnderTest
from reports.metrics import measure
from reports.series import Series, observe
from reports.shapes import Metrics
from reports.validity import reasons_against
from reports.violations import AuditReport
from scenarios.files import write_text
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


def read(run: Path, experiment: Experiment) -> dict[str, Runs]:
    """The findings in a run's folder, by strategy; an `audit.json` is written beside each record.

    Raises:
        ExperimentError: a record is missing or not of this version.
    """

    def found(folders: Sequence[Path], strategy: StrategyUnderTest) -> list[Findings]:
        return [_of_folder(folder, experiment.scenario, exact=strategy.exact) for folder in folders]

    return {
        strategy.name: Runs(
            found(experiment.measured_folders(run, strategy.name), strategy),
            found(experiment.predicted_folders(run, strategy.name), strategy),
        )
        for strategy in experiment.strategies
    }


def _of_folder(folder: Path, scenario: Scenario, *, exact: bool) -> Findings:
    try:
        record = Record.load(folder)
    except (OSError, ValueError) as error:
        raise ExperimentError(
            f"{folder}: no record of a run ({error}); expected what a finished run leaves"
        ) from error
    findings = examine(record, scenario, exact=exact)
    write_text(folder / "audit.json", findings.audit.model_dump_json(indent=2) + "\n")
    return findings
