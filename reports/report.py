"""The report of an experiment: everything that can be said about a run's folder, written into it.

All of it is computed anew from `experiment.json`, the records of what was measured, and what the replications
of the model came to, so it can be written again for any old run.
"""

from __future__ import annotations

from pathlib import Path

from reports import junit, page, reading, thresholds
from reports.answers import page as answers_page
from reports.answers import shapes as answers
from reports.assembly import assemble
from reports.experiment import Experiment
from reports.summary import Summary
from scenarios.files import whole, write_text


def write(run: Path, *, bounds: Path | None) -> Summary:
    """Write `summary.json`, `summary.md`, `index.html`, `junit.xml`, and an `audit.json` beside each record.

    Args:
        bounds: the thresholds.toml to judge by; with None only the invariants are judged.

    Raises:
        ExperimentError: `run` is not a run's folder, or one of its records is missing or of another version.
        ThresholdsError: `bounds` cannot be judged by.
        UnwritableError: a file cannot be written; those that are not written are as they were.
    """
    experiment = Experiment.load(run)
    wanted = thresholds.load(bounds) if bounds else ()
    runs = reading.read(run, experiment)
    summary = assemble(experiment, runs, wanted)
    table, whole_page = page.markdown(summary), page.html(summary, runs)
    answered = answers.Answers.load(run) if (run / answers.FILE).is_file() else None
    summary.save(run)
    with whole(run / "junit.xml") as aside:
        junit.document(summary).write(aside, encoding="utf-8", xml_declaration=True)
    write_text(run / "summary.md", table)
    write_text(run / "index.html", whole_page)
    if answered:
        answers_page.write(answered, run)
    return summary
