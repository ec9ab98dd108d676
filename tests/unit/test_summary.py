"""summary.json: its schema and the documentation agree, and what is in it follows from the runs."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from reports import report
from reports.experiment import Experiment, ExperimentError
from reports.shapes import Aggregate
from reports.summary import SCHEMA, Summary
from scenarios.scenario import Scenario
from tests.unit.run_folders import experiment, save_run
from tests.unit.shop_runs import play, rush, with_row

DOCUMENT = Path(__file__).parents[2] / "docs" / "summary-schema.md"
DESCRIBED_ELSEWHERE = {"scenario": Scenario, "strategies[].predicted": Aggregate}
"""By the scenario files, and by `strategies[].measured`."""


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(rows)


def described(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        here = f"{path}{field.alias or name}"
        yield here, " ".join((field.description or "").split())
        for inner, suffix in models_in(field.annotation):
            if DESCRIBED_ELSEWHERE.get(here) is not inner:
                yield from described(inner, f"{here}{suffix}.")


def models_in(annotation: object, suffix: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
    elif origin is dict:
        yield from models_in(arguments[1], f"{suffix}.*")
    elif origin is tuple:
        yield from models_in(arguments[0], f"{suffix}[]")
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from models_in(argument, suffix)


def test_the_documentation_describes_every_key_and_no_other() -> None:
    assert documented() == dict(described(Summary))


def test_the_documentation_names_the_version() -> None:
    assert f"`{SCHEMA}`" in DOCUMENT.read_text(encoding="utf-8")


def test_a_summary_survives_its_file(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", experiment())
    summary = report.write(run, bounds=None)
    assert Summary.load(run) == summary


def test_the_keys_that_scripts_rely_on_are_there(tmp_path: Path) -> None:
    report.write(save_run(tmp_path / "run", experiment(repeats=2, replications=3)), bounds=None)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert {"schema", "verdict", "scenario", "seed", "machine", "git", "strategies", "thresholds"} <= set(
        summary
    )
    control, safe = summary["strategies"]
    for engine in ("measured", "predicted"):
        assert safe[engine]["units"]["oversold"] == 0
        assert control[engine]["units"]["oversold"] > 0
    assert (safe["audit"]["verdict"], control["audit"]["verdict"]) == ("pass", "fail")
    assert (safe["measured"]["runs"], safe["predicted"]["runs"]) == (2, 3)
    assert safe["measured"]["intervals"]["units.sold"] == {"low": 5, "high": 5}


def test_a_prediction_is_compared_figure_by_figure(tmp_path: Path) -> None:
    quicker = play([replace(request, done_s=request.done_s - 0.001) for request in rush()])
    run = save_run(tmp_path / "run", experiment(), predicted=quicker)
    errors = report.write(run, bounds=None).strategies[1].prediction_error
    slowest = errors["latency_ms.bought.max"]
    assert (slowest.measured, slowest.predicted) == pytest.approx((15, 14))
    assert slowest.relative == pytest.approx(-1 / 15, abs=1e-4)
    assert not slowest.covered
    assert (errors["units.sold"].relative, errors["units.sold"].covered) == (0, True)
    assert "latency_ms.unknown.p50" not in errors  # the shopper's patience is not a prediction


def test_the_error_of_what_was_not_there_has_no_size(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", experiment(), predicted=with_row(play(rush()), "stock", 0, initial=2))
    oversold = report.write(run, bounds=None).strategies[1].prediction_error["units.oversold"]
    assert (oversold.measured, oversold.predicted, oversold.relative) == (0, 1, None)


def test_an_experiment_survives_its_file(tmp_path: Path) -> None:
    plan = experiment()
    plan.save(tmp_path)
    assert Experiment.load(tmp_path) == plan
    assert json.loads((tmp_path / "experiment.json").read_text())["schema"] == "dropday.experiment/1"


def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ExperimentError,
        match=r"experiment\.json: cannot be read .*expected a run's folder",
    ):
        report.write(tmp_path, bounds=None)


def test_an_experiment_of_another_version_is_refused_with_what_is_odd(tmp_path: Path) -> None:
    experiment().save(tmp_path)
    text = (tmp_path / "experiment.json").read_text()
    (tmp_path / "experiment.json").write_text(text.replace('"seed"', '"sead"'))
    with pytest.raises(ExperimentError, match="sead: unknown key; did you mean 'seed'"):
        Experiment.load(tmp_path)


def test_an_experiment_without_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was run"):
        experiment(repeats=0, replications=0)


def test_a_run_whose_record_is_missing_is_refused_with_its_folder(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", experiment())
    (run / "no_lock" / "0" / "books.json").unlink()
    with pytest.raises(ExperimentError, match=r"no_lock.0: no record of a run"):
        report.write(run, bounds=None)
