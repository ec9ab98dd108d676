"""Whatever is in a file that a command reads: it is read, or refused with its name, the field, the mend."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from harness.errors import UsageError
from harness.questions import prices
from reports import baseline, thresholds
from reports.answers.page import html
from reports.answers.shapes import Answers
from reports.documents import DocumentError
from reports.experiment import Experiment, ExperimentError
from reports.findings import examine
from reports.replications import FILE as REPLICATIONS
from reports.replications import Replications
from reports.thresholds import ThresholdsError
from scenarios import scenario
from scenarios.record import Record, RecordError
from scenarios.scenario import LIBRARY, ScenarioError
from simulator import profile
from simulator.profile import ProfileError
from tests.broken import Broken, Document, as_json, broken_bytes, files, toml
from tests.unit.profiles import small_machine
from tests.unit.run_folders import experiment
from tests.unit.shop_runs import SCENARIO, play, queued, rush

EXAMPLES = 500
TOLD = ("expected", "missing", "unknown key")
ERRORS = (
    DocumentError,
    ExperimentError,
    ProfileError,
    RecordError,
    ScenarioError,
    ThresholdsError,
    UsageError,
)

BOUNDS = {
    "threshold": [
        {
            "metric": "measured.orders_per_s",
            "strategies": ["safe"],
            "scenarios": ["sneaker_drop"],
            "min": 1.5,
            "reason": "It must.",
        },
        {
            "metric": "measured.latency_ms.bought.p99",
            "strategies": ["safe"],
            "max_ratio": 2,
            "baseline": "baseline.json",
            "reason": "It must.",
        },
    ]
}
RATIOS = {
    "schema": "dropday.baseline/1",
    "scenario": "sneaker_drop",
    "run": "a-run",
    "reference": "no_lock",
    "ratios": {"no_lock": {"measured.orders_per_s": 1.0}},
}
ANSWERS = {
    "schema": "dropday.questions/2",
    "command": "dropday ask oversell",
    "started_at": "2025-11-21T10:00:00+00:00",
    "scenario": SCENARIO.model_dump(mode="json"),
    "seed": 1,
    "machine": {"cpu": "A CPU", "cores": 2, "memory_gib": 8, "os": "Linux", "python": "3.11.9"},
    "git": {},
    "profile": "a",
    "calibrated_at": "then",
    "workers": 1,
    "pool_size": 5,
    "system_cores": 1,
    "misfits": {},
    "unmeasured": [],
    "cautions": [],
    "fit_check": None,
    "strategies": [{"name": "no_lock", "safe": False, "ack": "committed"}],
    "oversell": {
        "replications": 2,
        "stock": 5,
        "strategies": [
            {
                "strategy": "no_lock",
                "safe": False,
                "oversold": [0, 3],
                "mean": 1.5,
                "p95": 3.0,
                "none_share": 0.5,
                "bound": None,
            }
        ],
    },
}


def readable(read: Callable[[Path], Any], file: Path, broken: Broken, *, root: Path | None = None) -> None:
    """Read a broken file, and look at what is said of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(broken.content)
    try:
        read(root or file)
    except ERRORS as error:
        told = str(error)
        assert str(file) in told or str(root) in told, told
        assert any(word in told for word in TOLD), told
        assert len(told) < 20_000
        if broken.key:
            assert broken.key in told, told


def many(given_files: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        healthy = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
        return settings(max_examples=EXAMPLES, suppress_health_check=healthy)(given(broken=given_files)(test))

    return decorated


def document_of(file: Path) -> Document:
    return tomllib.loads(file.read_text())


def in_json(model: Any) -> Document:
    return dict(json.loads(model.model_dump_json(by_alias=True)))


@pytest.mark.parametrize("name", ["last_pairs", "sneaker_drop"])
def test_a_broken_scenario(name: str, tmp_path: Path) -> None:
    valid = document_of(LIBRARY / f"{name}.toml")

    @many(files(valid, toml))
    def is_read_or_refused(broken: Broken) -> None:
        readable(lambda file: scenario.load(file).crowded(2).scaled(0.5).skus, tmp_path / "drop.toml", broken)

    is_read_or_refused()


def test_a_broken_replay(tmp_path: Path) -> None:
    drop = document_of(LIBRARY / "sneaker_drop.toml") | {"arrivals": {"shape": "replay", "file": "c.csv"}}
    (tmp_path / "drop.toml").write_bytes(toml(drop))

    @many(broken_bytes(b"second,count\n0,5\n1,7\n4,20\n"))
    def is_read_or_refused(broken: Broken) -> None:
        readable(scenario.load, tmp_path / "c.csv", broken, root=tmp_path / "drop.toml")

    is_read_or_refused()


@many(files(BOUNDS, toml))
def test_broken_thresholds_are_read_or_refused(tmp_path: Path, broken: Broken) -> None:
    readable(thresholds.load, tmp_path / "bounds.toml", broken)


@many(files(RATIOS, as_json))
def test_a_broken_baseline_is_read_or_refused(tmp_path: Path, broken: Broken) -> None:
    readable(baseline.load, tmp_path / "baseline.json", broken)


@many(files(document_of(prices.EXAMPLE), toml))
def test_broken_prices_are_read_or_refused(tmp_path: Path, broken: Broken) -> None:
    readable(prices.load, tmp_path / "prices.toml", broken)


@many(files(in_json(small_machine()), as_json))
def test_a_broken_profile_is_read_or_refused(tmp_path: Path, broken: Broken) -> None:
    readable(profile.load, tmp_path / "small.json", broken)


@many(files(in_json(experiment()), as_json))
def test_a_broken_experiment_is_read_or_refused(tmp_path: Path, broken: Broken) -> None:
    readable(Experiment.load, tmp_path / "experiment.json", broken, root=tmp_path)


@many(files(ANSWERS, as_json))
def test_broken_answers_are_shown_or_refused(tmp_path: Path, broken: Broken) -> None:
    readable(Answers.load, tmp_path / "questions.json", broken, root=tmp_path)


def test_the_answers_that_are_broken_here_have_a_page() -> None:
    assert "no_lock" in html(Answers.model_validate(ANSWERS))


@pytest.mark.parametrize("name", ["books", "conditions"])
def test_a_broken_record(name: str, tmp_path: Path) -> None:
    record = queued(play(rush()))
    record.save(tmp_path)

    @many(files(in_json(getattr(record, name)), as_json))
    def is_examined_or_refused(broken: Broken) -> None:
        readable(_examined, tmp_path / f"{name}.json", broken, root=tmp_path)

    is_examined_or_refused()


@many(files(in_json(Replications.of([examine(play(rush()), SCENARIO, exact=True)])), as_json))
def test_broken_replications_are_read_or_refused(tmp_path: Path, broken: Broken) -> None:
    readable(lambda file: Replications.load(file.parent).findings(), tmp_path / REPLICATIONS, broken)


def test_a_broken_history(tmp_path: Path) -> None:
    record = play(rush())
    record.save(tmp_path)
    table = io.BytesIO()
    record.history.write_parquet(table, compression="uncompressed")

    @many(broken_bytes(table.getvalue()))
    def is_examined_or_refused(broken: Broken) -> None:
        readable(_examined, tmp_path / "history.parquet", broken, root=tmp_path)

    is_examined_or_refused()


def _examined(folder: Path) -> None:
    examine(Record.load(folder), SCENARIO, exact=True)
