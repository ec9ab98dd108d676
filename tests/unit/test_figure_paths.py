"""The paths that a threshold may bound are those of summary.json, whether a run has them or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports import figure_paths, report
from reports.shapes import leaves
from tests.unit.run_folders import experiment, save_run


def test_every_figure_of_a_summary_has_a_known_path(tmp_path: Path) -> None:
    summary = report.write(save_run(tmp_path, experiment(repeats=2, replications=3), {}), bounds=None)
    entries = [
        one.model_dump(include={*figure_paths.ENGINES, "prediction_error"}) for one in summary.strategies
    ]

    found = {path for entry in entries for path, value in leaves(entry) if type(value) in (int, float)}

    assert len(found) > 100
    assert [path for path in found if not figure_paths.is_path(path)] == []


@pytest.mark.parametrize(
    "path", ["measured.utilisation.share", "predicted.time_shares.lock", "measured.latency_ms.conflict.p99"]
)
def test_a_figure_that_not_every_run_has_is_known_all_the_same(path: str) -> None:
    assert figure_paths.is_path(path)


@pytest.mark.parametrize(
    "path", ["", "predicted.order_per_s", "measured.bound_by", "measured.latency_ms", "orders_per_s"]
)
def test_what_is_no_figure_is_not_known(path: str) -> None:
    assert not figure_paths.is_path(path)
