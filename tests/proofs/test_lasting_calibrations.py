"""A calibration that a load test makes is kept, for the next one."""

from __future__ import annotations

from harness.axes import Axes
from harness.calibrations.fingerprint import Fingerprint
from reports.experiment import Experiment
from simulator import profile as profiles
from tests.end_to_end.command import Desk


def test_what_a_load_test_calibrates_is_kept_checked_and_used(desk: Desk) -> None:
    test = desk.run("loadtest", "--scenario", desk.scenario(), "--repeats", "1", "--strategies", "no_lock",
                    "--calibrate")  # fmt: skip

    assert test.code() == 0, test.output
    calibration = Experiment.load(desk.latest).calibration
    assert calibration is not None
    assert calibration.check is None
    kept = profiles.load(desk.folder / calibration.file)
    assert kept == profiles.load(desk.latest / "profile.json")
    assert Fingerprint.here(Axes()).differences(kept) == []

    check = desk.run("calibrate", "--check")

    held = check.code() == 0
    assert check.code() in (0, 1), check.output
    assert f"profile {calibration.file}: this machine, " in check.output
    assert ("it does not hold: no_lock" in check.output) != held
    assert ("make another: dropday calibrate" in check.output) != held
