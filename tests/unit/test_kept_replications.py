"""What is kept of the model's replications, in place of their records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.predictions import prediction_steps
from reports import reading
from reports.experiment import Experiment, ExperimentError, predicted_folder
from reports.findings import examine
from reports.replications import FILE, Replications
from simulator.engine import Engine
from simulator.variants import play
from tests.unit.profiles import a_rush, a_variant, small_machine, the_record
from tests.unit.run_folders import experiment, strategy


def a_plan(**changes: object) -> Experiment:
    return experiment(
        repeats=0, replications=2, scenario=a_rush(), seed=3, strategies=[strategy("no_lock")], **changes
    )


def predicted(folder: Path) -> Experiment:
    """A run's folder with what two replications came to."""
    small_machine(misfits={"orders_per_s": 0.1}).save(folder / "small.json")
    for step in prediction_steps(a_plan(), folder / "small.json", folder, Engine.COMPILED):
        step.work(lambda _: None)
    return a_plan()


def test_what_is_kept_is_what_their_records_come_to(tmp_path: Path) -> None:
    found = reading.read(tmp_path, predicted(tmp_path))["no_lock"].predicted

    profile = small_machine(misfits={"orders_per_s": 0.1})
    first = a_variant("no_lock", profile, engine=Engine.COMPILED)
    records = list(play(first.replicated(2), the_record))
    for kept, record in zip(found, records, strict=True):
        expected = examine(record, a_rush(), exact=True)
        assert (kept.metrics, kept.audit, kept.misfits) == (
            expected.metrics,
            expected.audit,
            expected.misfits,
        )
        assert tuple(kept.invalid) == tuple(expected.invalid)
        np.testing.assert_array_equal(kept.series.in_system, expected.series.in_system)
        np.testing.assert_array_equal(kept.series.orders_per_s, expected.series.orders_per_s)
        assert kept.series.tails_ms.keys() == expected.series.tails_ms.keys()
        for outcome, tail in expected.series.tails_ms.items():
            np.testing.assert_array_equal(kept.series.tails_ms[outcome], tail)


def test_no_record_of_a_replication_is_kept(tmp_path: Path) -> None:
    predicted(tmp_path)

    assert [path.name for path in predicted_folder(tmp_path, "no_lock").iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"schema": "dropday.repl', "no replications"), ("", "no replications"), (None, "no")],
)
def test_a_file_that_is_torn_or_lost_is_told_by_its_folder(
    tmp_path: Path, text: str | None, message: str
) -> None:
    plan, file = predicted(tmp_path), predicted_folder(tmp_path, "no_lock") / FILE
    if text is None:
        file.unlink()
    else:
        file.write_text(text)

    with pytest.raises(ExperimentError, match=message) as refused:
        reading.read(tmp_path, plan)

    assert str(file.parent) in str(refused.value)
    assert "expected what a finished run of this version leaves" in str(refused.value)


def test_fewer_replications_than_were_planned_are_refused(tmp_path: Path) -> None:
    plan, folder = predicted(tmp_path), predicted_folder(tmp_path, "no_lock")
    Replications.of(Replications.load(folder).findings()[:1]).save(folder)

    with pytest.raises(ExperimentError, match="1 replications; expected 2"):
        reading.read(tmp_path, plan)
