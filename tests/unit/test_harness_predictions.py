"""What is predicted of an experiment, and what is only measured."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from harness.errors import UsageError
from harness.predictions import modelled, only_modelled, prediction_steps
from reports.experiment import StrategyUnderTest
from simulator.engine import Engine
from tests.unit.run_folders import experiment

KNOWN = StrategyUnderTest(name="conditional_update", safe=True, ack="committed")
UNKNOWN = StrategyUnderTest(name="coin_toss", safe=True, ack="committed")


def test_the_model_is_asked_for_those_that_it_knows() -> None:
    assert modelled([UNKNOWN, KNOWN]) == (KNOWN,)


def test_those_that_the_model_does_not_know_are_left_out_and_told_in_one_line() -> None:
    console = Console(file=StringIO(), record=True, width=200)

    assert only_modelled([UNKNOWN, KNOWN], console) == (KNOWN,)
    assert console.export_text() == "Left out, as the model does not know them: coin_toss.\n"


def test_nothing_is_said_where_the_model_knows_them_all() -> None:
    console = Console(file=StringIO(), record=True)

    assert only_modelled([KNOWN], console) == (KNOWN,)
    assert console.export_text() == ""


def test_a_simulation_of_nothing_that_the_model_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="does not know coin_toss; expected some of no_lock"):
        only_modelled([UNKNOWN], Console(file=StringIO()))


def test_a_strategy_without_a_prediction_has_no_step_and_no_replications(tmp_path: Path) -> None:
    plan = experiment(unpredicted=["no_lock"], replications=2)

    steps = prediction_steps(plan, "two_cores", tmp_path, Engine.COMPILED)

    assert [step.title for step in steps] == ["predicting conditional_update"]
    assert plan.replications_of("no_lock") == 0
    assert plan.replications_of("conditional_update") == 2
