"""The report of an experiment: everything that can be said about a run's folder, written into it.

All of it is computed anew from `experiment.json` and the records, so it can be written again for any old run.
"""

from __future__ import annotations

from pathlib import Path

from reports import findings, junit, page, thresholds
from reports.answers import page as answers_page
from reports.answers import shapes as answers
from reports.assembly import assemble
from reports.experiment import Experiment
from reports.summary import Summary


def write(run: Path, *, bounds: Path | None) -> Summary:
    """Write `summary.json`, `summary.md`, `index.html`, `junit.xml`, and an `audit.json` beside each record.

    Args:
        bounds: the thresholds.toml to judge by; with None only the invariants are judged.

    Raises:
        ExperimentError: `run` is not a run's folder, or one of its records is missing or of another version.
        ThresholdsError: `bounds` cannot be judged by.
    """
    experiment = Experiment.load(run)
    wanted = thresholds.load(bounds) if bounds else ()
    runs = findings.read(run, experiment)
    summary = assemble(experiment, runs, wanted)
    summary.save(run)
    junit.document(summary).write(run / "junit.xml", encoding="utf-8", xml_declaration=True)
    (run / "summary.md").write_text(page.markdown(summary), encoding="utf-8")
    (run / "index.html").write_text(page.html(summary, runs), encoding="utf-8")
    if (run / answers.FILE).is_file():
        answers_page.write(answers.Answers.load(run), run)
    return summary
