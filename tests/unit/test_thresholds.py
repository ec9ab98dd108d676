"""The file of thresholds: what it may say, what it may not, and the one that is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.thresholds import ThresholdsError, load
from tests.unit.run_folders import SAFE, judged

FINE = """
[[threshold]]
metric = "measured.orders_per_s"
strategies = ["safe"]
min = 1
reason = "It must."
"""


def test_thresholds_are_read_from_their_file(tmp_path: Path) -> None:
    (tmp_path / "thresholds.toml").write_text(FINE)
    (one,) = load(tmp_path / "thresholds.toml")
    assert one.bound.model_dump() == {"kind": "min", "limit": 1.0, "to": None}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("min = 1", "mim = 1"), r"threshold\[0\]\.mim: unknown key; did you mean 'min'"),
        (("metric", "metrics"), r"did you mean 'metric'"),
        (("[[threshold]]", "[[thresholds]]"), r"thresholds: unknown key; did you mean 'threshold'"),
        (("min = 1", ""), "bounds set: none; expected one of max, min, max_ratio, min_ratio"),
        (("min = 1", "min = 1\nmax = 2"), "bounds set: max and min"),
        (("min = 1", "max_ratio = 2"), "needs what it is a ratio to"),
        (("min = 1", 'max_ratio = 2\nto = "a"\nbaseline = "b"'), "needs what it is a ratio to"),
        (("min = 1", 'min = 1\nto = "no_lock"'), "`to` is for ratios"),
        (("min = 1", 'max_ratio = 0\nto = "no_lock"'), "max_ratio = 0"),
        (("min = 1", 'min = "one"'), "min = 'one'"),
        (('["safe"]', "[]"), "strategies"),
        (('reason = "It must."', ""), r"reason: missing"),
        (('"It must."', '""'), "reason = ''"),
        (("min = 1", "min ="), "not valid TOML"),
    ],
)
def test_a_threshold_that_cannot_be_judged_by_is_refused(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    path = tmp_path / "thresholds.toml"
    path.write_text(FINE.replace(*change))
    with pytest.raises(ThresholdsError, match=complaint) as refusal:
        load(path)
    assert str(path) in str(refusal.value)


def test_a_thresholds_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ThresholdsError, match="cannot be read"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("strategies", ['["safe"]', '["all"]', f'["{SAFE}"]', '["controls", "safe"]'])
@pytest.mark.parametrize("bound", ["max = 5", "min = 0", 'max_ratio = 2\nto = "no_lock"'])
def test_no_threshold_loosens_an_invariant(tmp_path: Path, strategies: str, bound: str) -> None:
    path = tmp_path / "thresholds.toml"
    loosened = FINE.replace("orders_per_s", "units.oversold").replace('["safe"]', strategies)
    path.write_text(loosened.replace("min = 1", bound))
    with pytest.raises(ThresholdsError, match="a safe strategy oversells nothing"):
        load(path)


def test_a_threshold_may_ask_more_of_a_control() -> None:
    wanted = {"metric": "measured.units.oversold", "strategies": ["controls"], "min": 50}
    summary = judged(wanted)
    assert summary.exit_code == 1


def test_the_shipped_thresholds_can_be_judged_by() -> None:
    shipped = load(Path(__file__).parents[2] / "thresholds.toml")
    summary = judged(*(one.model_copy(update={"scenarios": (), "strategies": ("all",)}) for one in shipped))
    assert {one.reason for one in shipped} <= {one.reason for one in summary.thresholds}
