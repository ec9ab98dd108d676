"""`dropday ask`: help with an example for every question, and what it says to wrong values."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.ask import chosen
from harness.cli import app
from harness.errors import UsageError

QUESTIONS = (
    "compare",
    "capacity",
    "sizing",
    "sensitivity",
    "queue",
    "oversell",
    "lease",
    "cost",
    "measure-next",
)
SHARED = (
    "scenario",
    "strategies",
    "profile-file",
    "seed",
    "replications",
    "time-scale",
    "set",
    "dask",
    "runs",
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_help_of_a_question_has_an_example_with_options_that_it_takes(question: str) -> None:
    code, text = said("ask", question, "--help")

    example = re.search(r"Example: dropday ask (.*)", re.sub(r"\s+", " ", text))
    assert code == 0
    assert example is not None
    named, *arguments = shlex.split(example[1])
    assert named == question
    options = text.partition("Options:")[2].partition("Example:")[0]
    for option in [one for one in arguments if one.startswith("-")] + [f"--{one}" for one in SHARED]:
        assert re.search(rf"(?<!\S){option}\b", options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["capacity", "--p99-ms", "0"], "0.1"),
        (["queue", "--scenario", "sneaker_drp"], "did you mean 'sneaker_drop'?"),
        (["queue", "--time-scale", "0"], "time scale 0: expected a number above 0"),
        (["queue", "--set", "isolation=serializable"], "the model does not know this axis"),
        (["queue", "--profile-file", "none.json"], "none.json: cannot be read"),
        (["sizing", "--strategies", "controls"], "no size of a system mends that"),
        (["compare", "--precision", "0%"], "expected a percentage above 0"),
        (["compare", "--at-most", "5"], "10"),
        (["compare", "--replications", "1"], "an interval needs replications that differ"),
        (["lease", "--pause-p99-ms", "10"], "expected more"),
        (["queue", "--dask", "nonsense://x"], "no scheduler answers there"),
        (["cost", "--prices", "none.toml"], "none.toml: cannot be read"),
    ],
)
def test_a_wrong_value_is_told_before_anything_is_run(arguments: list[str], message: str) -> None:
    code, text = said("ask", *arguments)

    assert code == 2
    assert message in text
    assert list(Path().iterdir()) == []


def test_a_simulation_asks_the_questions_that_are_named() -> None:
    assert [question.name for question in chosen("all")] == list(QUESTIONS)
    assert chosen("none") == []
    assert [question.name for question in chosen("queue, capacity")] == ["capacity", "queue"]


def test_a_question_that_does_not_exist_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no question 'capcity'; did you mean 'capacity'"):
        chosen("capcity")
