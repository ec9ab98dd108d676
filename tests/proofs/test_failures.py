"""Load tests in which something is wrong: the exit code and the last screen say what, and nothing is left."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from reports.summary import Summary
from tests.end_to_end.command import DROP, LONG, Desk, not_passed

STARVED_S = 2.0
ROOT = Path(__file__).parents[2]
PACKAGES = ("system", "scenarios", "simulator", "reports", "harness")
# In which file, the guard, and what is left in its place: of the statement, and of the backstop behind it.
GUARDS = (
    (
        Path("system/migrations/versions/0001_shop.sql"),
        "WHERE sku = p_skus[i] AND available >= p_quantities[i]",
        "WHERE sku = p_skus[i]",
    ),
    (Path("system/admin/queries.py"), "CHECK (available >= 0)", "CHECK (true)"),
)


def without_guards(folder: Path) -> Path:
    """A copy of the code in which a conditional update has lost its condition, and the backstop behind it."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("locustfile.py", "thresholds.toml"):
        shutil.copy(ROOT / name, folder)
    for file, guard, instead in GUARDS:
        code = (folder / file).read_text()
        assert guard in code
        (folder / file).write_text(code.replace(guard, instead))
    return folder


def test_a_safe_strategy_without_its_guard_fails_the_load_test(desk: Desk, tmp_path: Path) -> None:
    desk.environment["PYTHONPATH"] = str(without_guards(tmp_path))

    test = desk.run("loadtest", "--scenario", desk.scenario(), "--strategies", "conditional_update",
                    "--profile", "smoke", "--time-scale", "1", "--no-predict")  # fmt: skip

    assert test.code() == 1, test.output
    screen = " ".join(test.output.split())
    assert "verdict: fail" in screen
    assert "units oversold, of 40" in screen.partition("verdict: fail")[2]
    assert any("units oversold, of 40" in message for message in not_passed(desk.latest))


def test_a_run_whose_generator_got_no_cpu_is_measured_again_and_the_report_says_so(desk: Desk) -> None:
    calm = DROP.replace("per_s = 1500", "per_s = 300").replace("duration_s = 0.7", "duration_s = 5")
    punctual = calm.replace("10_000", "500")

    test = desk.start("loadtest", "--scenario", desk.scenario(punctual), "--strategies", "conditional_update",
                      "--profile", "smoke", "--time-scale", "1", "--no-predict")  # fmt: skip
    test.await_shoppers()
    generator = test.member("locustfile.py")
    generator.suspend()
    time.sleep(STARVED_S)  # not a wait for something, but the fault itself
    generator.resume()

    assert test.code() == 3, test.output  # no control took part
    screen = " ".join(test.output.split())
    assert "the generator was late" in screen.partition("measured again after")[2]
    [strategy] = Summary.model_validate_json((desk.latest / "summary.json").read_text()).strategies
    assert strategy.validity.verdict == "valid"
    not_begun, late = strategy.validity.measured_again
    assert "journeys that were due were not begun" in not_begun
    assert "the generator was late" in late
    page = (desk.latest / "index.html").read_text()
    assert "measured again after repeat 0: the generator was late" in page


def test_a_generator_that_is_late_again_makes_the_run_invalid(desk: Desk) -> None:
    impossible = DROP.replace("10_000", "0.000_001")

    test = desk.run("loadtest", "--scenario", desk.scenario(impossible), "--strategies", "conditional_update",
                    "--profile", "smoke", "--time-scale", "1", "--no-predict")  # fmt: skip

    assert test.code() == 3, test.output
    screen = " ".join(test.output.split())
    assert "verdict: invalid" in screen
    assert "the generator was late" in screen.partition("verdict: invalid")[2]
    assert any("the generator was late" in message for message in not_passed(desk.latest))


@pytest.mark.parametrize(
    ("strategy", "killed", "named"),
    [
        ("conditional_update", "bin/postgres", "error: PostgreSQL"),
        (
            "single_writer",
            "-m system consume",
            "error: the consumer (single_writer) was killed by SIGKILL",
        ),
    ],
)
def test_what_is_killed_in_mid_run_is_named_and_nothing_is_left(
    desk: Desk, strategy: str, killed: str, named: str
) -> None:
    test = desk.start("loadtest", "--scenario", desk.scenario(LONG), "--strategies", strategy,
                      "--no-predict")  # fmt: skip
    test.await_shoppers()
    test.member(killed).kill()

    assert test.code() == 3, test.output
    assert named in test.output
    assert "Traceback" not in test.output
    assert test.survivors() == []
    assert desk.left() == []
    assert not desk.latest.exists()
