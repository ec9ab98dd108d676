"""The digest of our own code, by which a calibration is told from one of other code."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.calibrations.fingerprint import digest


def written(root: Path, name: str, text: str) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return root


@pytest.mark.parametrize(
    "name",
    [
        "system/stock/strategies/no_lock.py",
        "system/migrations/versions/0001_shop.sql",
        "scenarios/dispatcher.py",
        "simulator/fitting.py",
        "harness/closed_runs.py",
        "harness/servers/postgresql.conf",
        "locustfile.py",
    ],
)
def test_what_an_order_costs_and_how_it_is_measured_is_in_the_digest(name: str, tmp_path: Path) -> None:
    before, after = (digest(written(tmp_path / text, name, text)) for text in ("before", "after"))

    assert before != after
    assert (Path(__file__).parents[2] / name).is_file()


@pytest.mark.parametrize("name", ["system/races/play.py", "reports/page.py", "simulator/compiled/engine.py"])
def test_what_takes_no_orders_is_not(name: str, tmp_path: Path) -> None:
    before, after = (digest(written(tmp_path / text, name, text)) for text in ("before", "after"))

    assert before == after
    assert (Path(__file__).parents[2] / name).is_file()
