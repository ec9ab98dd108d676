"""Reads what each run of an experiment came to from the run's folder."""

from __future__ import annotations

from pathlib import Path

from reports.documents import DocumentError
from reports.experiment import Experiment, ExperimentError, StrategyUnderTest, predicted_folder
from reports.findings import Findings, Runs, examine
from reports.replications import FILE, Replications
from scenarios.files import write_text
from scenarios.record import Record
from scenarios.scenario import Scenario


def read(run: Path, experiment: Experiment) -> dict[str, Runs]:
    """The findings in a run's folder, by strategy; an `audit.json` is written beside each record.

    Raises:
        ExperimentError: a record, or what the replications came to, is missing or not of this version.
    """
    return {
        strategy.name: Runs(
            [
                _measured(folder, experiment.scenario, exact=strategy.exact)
                for folder in experiment.measured_folders(run, strategy.name)
            ],
            _predicted(run, experiment, strategy),
        )
        for strategy in experiment.strategies
    }


def _measured(folder: Path, scenario: Scenario, *, exact: bool) -> Findings:
    try:
        record = Record.load(folder)
    except (OSError, ValueError) as error:
        raise ExperimentError(
            f"{folder}: no record of a run ({error}); expected what a finished run leaves"
        ) from error
    findings = examine(record, scenario, exact=exact)
    write_text(folder / "audit.json", findings.audit.model_dump_json(indent=2) + "\n")
    return findings


def _predicted(run: Path, experiment: Experiment, strategy: StrategyUnderTest) -> list[Findings]:
    wanted = experiment.replications_of(strategy.name)
    if not wanted:
        return []
    folder = predicted_folder(run, strategy.name)
    try:
        found = Replications.load(folder).findings()
    except DocumentError as error:
        raise ExperimentError(
            f"{folder}: no replications ({error}); expected what a finished run of this version leaves"
        ) from error
    if len(found) != wanted:
        raise ExperimentError(f"{folder / FILE}: {len(found)} replications; expected {wanted}")
    return found
