"""The bench of the engines accepts the same answers, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from harness import bench as benches
from harness.axes import Axes
from harness.bench.common import Offline, Ratio
from harness.bench.engines import require_equal
from harness.errors import RunError
from scenarios.record import Record
from tests.unit.shop_runs import play, rush, with_row


def test_records_that_are_equal_are_accepted() -> None:
    require_equal("no_lock", play(rush()), play(rush()))


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (play(rush()[1:]), r"no_lock: 11 attempts compiled, 12 by SimPy"),
        (with_row(play(rush()), "stock", 0, available=7), r"no_lock: the engines differ in the books"),
        (
            replace(play(rush()), history=play(rush()).history.with_columns(done_s=pl.col("done_s") + 1e-9)),
            r"no_lock: the engines differ in 'done_s' of the attempts",
        ),
    ],
)
def test_an_engine_that_answers_otherwise_is_refused(other: Record, complaint: str) -> None:
    with pytest.raises(RunError, match=complaint):
        require_equal("no_lock", other, play(rush()))


def test_servers_are_started_only_for_a_bench_that_needs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ratio = Ratio.of([(2, 1)], "ours / theirs")
    offline = Offline(measure=lambda _: {"simulator": ratio}, steps=lambda: 1, step_s=1)
    monkeypatch.setitem(benches.BENCHES, "simulator", offline)

    def no_servers(*_: object) -> None:
        pytest.fail("servers were started")

    monkeypatch.setattr(benches, "on_stage", no_servers)

    assert benches.bench("simulator", tmp_path / "bench.json", Console(), Axes()) == {"simulator": ratio}
