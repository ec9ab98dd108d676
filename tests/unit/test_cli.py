"""The command line: help, examples, and what it says to wrong values before anything is started."""

from __future__ import annotations

import re
import shlex
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from reports.baseline import Baseline
from scenarios.scenario import LIBRARY
from tests.unit.run_folders import experiment, save_run

COMMANDS = (
    "loadtest",
    "simulate",
    "calibrate",
    "validate",
    "foresee",
    "selfcheck",
    "gate",
    "report",
    "serve",
    "race",
    "bench",
)
MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_in_the_help_of_a_command_has_options_that_it_takes(command: str) -> None:
    code, text = said(command, "--help")

    example = re.search(r"Example: dropday (.*)", re.sub(r"\s+", " ", text))
    assert code == 0
    assert example is not None
    named, *arguments = shlex.split(example[1])
    assert named == command
    for option in (argument for argument in arguments if argument.startswith("-")):
        assert re.search(rf"(?<!\S){option}\b", text.partition("Options:")[2].partition("Example:")[0])


def test_help_lists_every_command_and_the_exit_codes() -> None:
    code, text = said("--help")

    assert code == 0
    assert all(re.search(rf"^  {command} ", text, re.MULTILINE) for command in COMMANDS)
    assert "0 pass, 1 a threshold or an invariant failed, 2 wrong usage, 3" in text


def test_make_passes_nothing_that_the_commands_do_not_take() -> None:
    recipes = MAKEFILE.read_text().replace("\\\n", " ")
    calls = re.findall(r"\$\(BIN\)/dropday (\w+)(.*)", recipes)

    assert {command for command, _ in calls} == set(COMMANDS)
    for command, arguments in calls:
        _, text = said(command, "--help")
        arguments = arguments.replace("$(axes)", "--set")
        passed = re.findall(r"--([a-z-]+)", arguments) + re.findall(r"call option,\w+,([a-z-]+)", arguments)
        assert all(f"--{option} " in text for option in passed), (command, passed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["loadtest", "--scenario", "sneaker_drp"],
            "no scenario 'sneaker_drp'; did you mean 'sneaker_drop'?",
        ),
        (["loadtest", "--time-scale", "0"], "time scale 0: expected a number above 0"),
        (["loadtest", "--crowd", "0"], "a crowd 0 times as large: expected a number above 0"),
        (["simulate", "--crowd", "-1"], "a crowd -1 times as large: expected a number above 0"),
        (["loadtest", "--thresholds", "none.toml"], "none.toml: cannot be read"),
        (["loadtest", "--repeats", "0"], "Invalid value for '--repeats'"),
        (["loadtest", "--profile", "huge"], "'huge' is not one of 'smoke', 'standard'"),
        (["loadtest", "--servers", "cloud"], "'cloud' is not one of 'embedded', 'docker', 'external'"),
        (["loadtest", "--seed", "-1"], "Invalid value for '--seed'"),
        (["simulate", "--seed", "18446744073709551616"], "Invalid value for '--seed'"),
        (["loadtest", "--set", "pool_size=0"], "--set pool_size = '0': expected greater than or equal to 1"),
        (["loadtest", "--set", "poolsize=5"], "unknown axis; did you mean 'pool_size'?"),
        (["loadtest", "--set", "lease_ms=60000"], "over after 16000 ms, and no lease would ever run out"),
        (["loadtest", "--set", "buckets=31"], "has 30 units of court-classic-250, and a bucket needs one"),
        (["serve", "--set", "buckets=31"], "expected at most 30"),
        (["serve", "--set", "workers=20"], "PostgreSQL has 200 connections for all"),
        (["bench", "--set", "isolation=dirty"], "expected 'read committed', 'repeatable read'"),
        (["simulate", "--set", "lease_ms=5"], "the model does not know this axis"),
        (["calibrate", "--set", "tries=5"], "the model does not know this axis"),
        (["calibrate", "--check"], "no calibration of this machine is kept in calibrations/: make one with"),
        (["calibrate", "--check", "--strategies", "all"], "--strategies all: goes without --check alone"),
        (["calibrate", "--profile-file", "two_cores"], "--profile-file two_cores: goes with --check alone"),
        (["calibrate", "--check", "--profile-file", "no.json"], "no.json: cannot be read"),
        (["loadtest", "--calibrate", "--no-predict"], "--calibrate with --no-predict: nothing would use"),
        (["simulate", "--dask", "tcp://nowhere.invalid:1"], "no scheduler answers there"),
        (["foresee", "--shoppers", "1e12"], "expected at most"),
        (["gate", "nowhere"], "nowhere is not the folder of a run"),
        (["report", "nowhere"], "nowhere is not the folder of a run"),
        (["ask", "capacity", "--p99-ms", "inf"], "inf is not a finite number"),
        (["ask", "lease", "--pause-p99-ms", "inf"], "inf is not a finite number"),
        (["ask", "sizing", "--arrivals", "inf"], "inf is not a finite number"),
        (["foresee", "--shoppers", "inf"], "inf is not a finite number"),
        (["simulate", "--crowd", "nan"], "nan is not a finite number"),
        (["loadtest", "--time-scale", "inf"], "inf is not a finite number"),
        (["serve", "--strategy", "no_lokc"], "no strategy 'no_lokc'; did you mean 'no_lock'?"),
        (["loadtest", "--strategies", "safest"], "no strategy 'safest'; did you mean 'safe'?"),
        (["serve", "--port", "70000"], "Invalid value for '--port'"),
        (["bench", "--only", "order"], "no bench 'order'; did you mean 'orders'?"),
        (["bench", "--base", "no-such-branch"], "--base no-such-branch: no such commit in"),
        (["bench", "--base", "HEAD", "--only", "pool"], "--only pool with --base: expected orders"),
        (["bench", "--base", "HEAD", "--pairs", "2"], "Invalid value for '--pairs'"),
        (["bench", "--base", "HEAD", "--strategies", "no_lok"], "no strategy 'no_lok'; did you mean"),
        (["bench", "--pairs", "10"], "--pairs 10: only a comparison of two versions has it; add --base REF"),
        (["bench", "--strategies", "all"], "--strategies all: only a comparison of two versions has it"),
        (["rehearse"], "No such command 'rehearse'"),
    ],
)
def test_a_wrong_value_is_named_and_ends_with_code_2(arguments: list[str], message: str) -> None:
    code, text = said(*arguments)

    assert code == 2
    assert message in text
    assert "Traceback" not in text


def test_a_taken_port_is_told_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, text = said("serve", "--port", str(port))

    assert code == 2
    assert f"error: port {port} on 127.0.0.1 is taken" in text
    assert "--port" in text


def test_external_servers_that_are_not_there_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/dropday")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")

    code, text = said("loadtest", "--servers", "external")

    assert code == 2
    assert "error: PostgreSQL at postgresql://nobody@127.0.0.1:1/dropday cannot be used" in text
    assert not (tmp_path / "runs" / "latest").exists()


@pytest.mark.parametrize("command", ["loadtest", "simulate"])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('strategies = ["conditional_updte"]', "no strategy 'conditional_updte'; did you mean"),
        (
            'metric = "predicted.order_per_s"',
            "metric 'predicted.order_per_s' is not in summary.json; did you",
        ),
        (
            'scenarios = ["sneaker_drp"]',
            "predicted.latency_ms.order.p99: no scenario 'sneaker_drp'; did you mean 'sneaker_drop'?",
        ),
        ("max = inf", "threshold[0].max = inf: expected a finite number"),
        ("max = nan", "threshold[0].max = nan: expected a finite number"),
    ],
)
def test_a_threshold_that_can_bound_nothing_is_told_before_anything_runs(
    command: str, line: str, message: str, tmp_path: Path
) -> None:
    given = {
        "metric": 'metric = "predicted.latency_ms.order.p99"',
        "strategies": 'strategies = ["safe"]',
        "max": "max = 1",
        "reason": 'reason = "None."',
    }
    given[line.split()[0]] = line
    (tmp_path / "bounds.toml").write_text("\n".join(["[[threshold]]", *given.values()]))

    code, text = said(command, "--thresholds", "bounds.toml")

    assert code == 2
    assert message in text
    assert [path.name for path in tmp_path.iterdir()] == ["bounds.toml"]


def test_thresholds_may_be_for_scenarios_beside_the_one_that_is_run(tmp_path: Path) -> None:
    library = (LIBRARY / "sneaker_drop.toml").read_text()
    for name in ("our_drop", "our_other_drop"):
        (tmp_path / f"{name}.toml").write_text(library.replace('name = "sneaker_drop"', f'name = "{name}"'))
    bound = (
        '[[threshold]]\nmetric = "predicted.orders_per_s"\nstrategies = ["safe"]\nmin = 1\nreason = "So."\n'
    )
    (tmp_path / "bounds").mkdir()
    bounds = tmp_path / "bounds" / "bounds.toml"

    for wanted in ("our_other_drop", "our_othr_drop"):
        bounds.write_text(f'{bound}scenarios = ["sneaker_drop", "our_drop", "{wanted}"]\n')
        code, text = said("simulate", "--scenario", "our_drop.toml", "--thresholds", str(bounds),
                          "--strategies", "nobody")  # fmt: skip
        assert code == 2
        told = "no scenario 'our_othr_drop'; did you mean 'our_other_drop'?"
        assert (told in text) == (wanted == "our_othr_drop")


@pytest.mark.parametrize("command", ["gate", "report"])
def test_a_scenario_that_thresholds_name_wrongly_is_told_before_a_run_is_judged(
    command: str, tmp_path: Path
) -> None:
    run = save_run(tmp_path / "runs" / "a-run", experiment())
    bounds = tmp_path / "bounds.toml"
    bounds.write_text(
        '[[threshold]]\nmetric = "measured.orders_per_s"\nstrategies = ["safe"]\nmin = 1\nreason = "So."\n'
        'scenarios = ["two_sizs"]\n'
    )

    code, text = said(command, str(run), "--thresholds", str(bounds))

    assert code == 2
    assert "no scenario 'two_sizs'; did you mean 'two_sizes'?" in text
    assert not (run / "summary.json").exists()


def test_a_baseline_of_another_scenario_is_told_before_anything_runs(tmp_path: Path) -> None:
    Baseline(scenario="steady_orders", run="a-run", reference="no_lock", ratios={}).save(tmp_path / "b.json")
    (tmp_path / "bounds.toml").write_text(
        '[[threshold]]\nmetric = "predicted.orders_per_s"\nstrategies = ["safe"]\nmax_ratio = 1\n'
        'baseline = "b.json"\nreason = "So."\n'
    )

    code, text = said("simulate", "--thresholds", "bounds.toml", "--strategies", "nobody")

    assert code == 2
    assert "the baseline of run a-run is of 'steady_orders', this run is of 'sneaker_drop'" in text


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("nobody thought of this"), "RuntimeError: nobody thought of this"),
        (OSError(28, "No space left on device", "runs/x"), "runs/x: No space left on device"),
        (ValueError("nor of this"), "ValueError: nor of this"),
    ],
)
def test_what_nobody_foresaw_ends_with_code_3_and_its_traceback_in_a_file(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(_: Path) -> Path:
        raise error

    monkeypatch.setattr("harness.runs.existing_run", raises)

    code, text = said("report", "somewhere")

    assert code == 3
    assert told in text
    assert "Traceback" not in text
    found = re.search(r"Its traceback is in (\S+)", text)
    assert found is not None
    log = Path(found[1])
    assert "Traceback (most recent call last)" in log.read_text()
    log.unlink()


def test_what_nobody_foresaw_ends_with_code_3_on_a_full_disk_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device", "runs/x")

    monkeypatch.setattr("harness.runs.existing_run", full)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)

    code, text = said("report", "somewhere")

    assert code == 3
    assert "runs/x: No space left on device" in text
    assert "could not be kept in a file (No space left on device)" in text


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ("", "empty; expected a scenario"),
        ('name = "x"\nsumary = "y"\n', "sumary: unknown key; did you mean 'summary'?"),
    ],
)
def test_a_scenario_that_cannot_be_run_is_told_with_its_file(
    scenario: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "drop.toml"
    file.write_text(scenario)

    code, text = said("loadtest", "--scenario", str(file))

    assert code == 2
    assert f"{file}: {message}" in text
