"""No file that a command reads ends it with 1, which is for a broken bound, or as nobody foresaw."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from harness.cli import app
from harness.errors import UsageError
from harness.questions import prices
from tests.broken import Broken, as_json, broken_bytes, files, toml
from tests.proofs.test_broken_files import ANSWERS, BOUNDS, RATIOS, document_of, in_json
from tests.unit.profiles import small_machine
from tests.unit.run_folders import SAFE, experiment, save_run
from tests.unit.shop_runs import play, rush

EXAMPLES = 20
ROOT = Path(__file__).parents[2]
MODEL = ("--strategies", "no_lock,pessimistic_lock", "--replications", "1")
CALM = ("--engine", "simpy")

DROP = {
    "name": "small_drop",
    "summary": "A few come for a pair.",
    "arrivals": {"shape": "constant", "per_s": 100, "duration_s": 0.1},
    "products": [
        {"id": "dunk", "name": "Dunk", "price_won": 100_000, "sizes": [{"size": "270", "units": 3}]}
    ],
    "shoppers": {"patience_s": 1.0},
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a valid file of every kind, and a run."""
    (tmp_path / "drop.toml").write_bytes(toml(DROP))
    (tmp_path / "bounds.toml").write_text("")
    small_machine().save(tmp_path / "small.json")
    run = save_run(tmp_path / "runs" / "a-run", experiment(repeats=1, replications=0))
    (run / "questions.json").write_bytes(as_json(ANSWERS))
    return tmp_path


@pytest.fixture(autouse=True)
def _no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object, **__: object) -> Any:
        raise UsageError("the servers would be started now")

    monkeypatch.setattr("harness.loadtest.LoadTest.run", reached)
    monkeypatch.setattr("harness.serving.serve", reached)


def many(broken: Any) -> Callable[[Callable[..., None]], Callable[[], None]]:
    def decorated(test: Callable[..., None]) -> Callable[[], None]:
        return settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))(
            given(broken=broken)(test)
        )

    return decorated


def ends_well(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code in (0, 2, 3), result.output
    assert "not foreseen" not in result.output, result.output
    assert "Traceback" not in result.output


BOOKS, CONDITIONS = (in_json(part) for part in (play(rush()).books, play(rush()).conditions))
OF_A_RUN = {
    "runs/a-run/experiment.json": files(in_json(experiment(repeats=1, replications=0)), as_json),
    f"runs/a-run/{SAFE}/0/books.json": files(BOOKS, as_json),
    f"runs/a-run/{SAFE}/0/conditions.json": files(CONDITIONS, as_json),
    "runs/a-run/questions.json": files(ANSWERS, as_json),
    "bounds.toml": files(BOUNDS, toml),
    "baseline.json": files(RATIOS, as_json),
}


@pytest.mark.parametrize("command", ["gate", "report"])
@pytest.mark.parametrize("name", list(OF_A_RUN))
def test_a_run_is_judged_and_reported_or_refused(command: str, name: str, place: Path) -> None:
    if name == "baseline.json":
        (place / "bounds.toml").write_bytes(toml(BOUNDS))

    @many(OF_A_RUN[name])
    def ends(broken: Broken) -> None:
        (place / name).write_bytes(broken.content)
        ends_well([command, str(place / "runs" / "a-run"), "--thresholds", str(place / "bounds.toml")])

    ends()


@pytest.mark.parametrize("command", ["gate", "report"])
def test_a_run_with_a_broken_history_is_judged_or_refused(command: str, place: Path) -> None:
    history = place / "runs" / "a-run" / SAFE / "0" / "history.parquet"

    @many(broken_bytes(history.read_bytes()))
    def ends(broken: Broken) -> None:
        history.write_bytes(broken.content)
        ends_well([command, str(place / "runs" / "a-run"), "--thresholds", str(place / "bounds.toml")])

    ends()


COMMANDS = {
    "simulate": ("simulate", *MODEL, *CALM, "--ask", "none"),
    "ask": ("ask", "oversell", *MODEL, *CALM),
    "foresee": ("foresee", *MODEL),
    "loadtest": ("loadtest", "--no-predict"),
    "serve": ("serve",),
}
MACHINE = in_json(small_machine())
NEEDED = {
    "no_lock": MACHINE["strategies"]["no_lock"],
    "pessimistic_lock": MACHINE["strategies"]["pessimistic_lock"],
}
READ = {
    "drop.toml": (files(DROP, toml), "--scenario", ("simulate", "ask", "foresee", "loadtest", "serve")),
    "small.json": (
        files(MACHINE | {"strategies": NEEDED, "fits": {}}, as_json),
        "--profile-file",
        ("simulate", "ask", "foresee"),
    ),
    "bounds.toml": (files(BOUNDS, toml), "--thresholds", ("simulate", "loadtest")),
}
CASES = [(command, name) for name, (_, _, commands) in READ.items() for command in commands]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_a_command_ends_well(command: str, name: str, place: Path) -> None:
    given_files, option, _ = READ[name]
    options = {"--scenario": place / "drop.toml", "--runs": place / "new"}
    if command in READ["small.json"][2]:
        options["--profile-file"] = place / "small.json"
    if command in READ["bounds.toml"][2]:
        options["--thresholds"] = place / "bounds.toml"
    if command == "serve":
        del options["--runs"]
    assert option in options

    @many(given_files)
    def ends(broken: Broken) -> None:
        (place / name).write_bytes(broken.content)
        told = [argument for option, value in options.items() for argument in (option, str(value))]
        ends_well([*COMMANDS[command], *told])

    ends()


def test_a_question_with_broken_prices_ends_well(place: Path) -> None:
    options = ["--scenario", str(place / "drop.toml"), "--profile-file", str(place / "small.json")]

    @many(files(document_of(prices.EXAMPLE), toml))
    def ends(broken: Broken) -> None:
        (place / "prices.toml").write_bytes(broken.content)
        own = ["--prices", str(place / "prices.toml"), "--runs", str(place / "new")]
        ends_well(["ask", "cost", *MODEL, *CALM, *options, *own])

    ends()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("runs/a-run/experiment.json", "gate {place}/runs/a-run"),
        (f"runs/a-run/{SAFE}/0/history.parquet", "report {place}/runs/a-run"),
        ("drop.toml", "simulate --scenario {place}/drop.toml"),
        ("drop.toml", "loadtest --scenario {place}/drop.toml"),
        ("small.json", "ask queue --profile-file {place}/small.json"),
        ("small.json", "foresee --profile-file {place}/small.json"),
    ],
)
def test_a_process_ends_well(name: str, command: str, place: Path) -> None:
    (place / name).write_bytes(b"\xef\xbb\xbf[[[\0\xff")

    ended = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-c", "from harness.cli import app; app()", *command.format(place=place).split()],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2, ended.stderr
    assert str(place / name) in ended.stderr
    assert "not foreseen" not in ended.stderr
    assert "Traceback" not in ended.stderr
