"""Redis is killed in the middle of a run and comes back empty: nobody who was told "yes" may notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.axes import Axes
from harness.faults import RedisForgets
from harness.measuring import measure
from harness.rehearsal import Rehearsal
from harness.servers.embedded import EmbeddedServers
from harness.stage import Stage, on_stage
from harness.strategies import known, named
from reports.audit import audit
from scenarios.record import Record

# Stock for most of the crowd: half of it is sold before Redis goes, the rest after it is back.
DROP = """
name = "interrupted_drop"
summary = "Six hundred come within four seconds for five hundred pairs."

[arrivals]
shape = "constant"
per_s = 150
duration_s = 4

[[products]]
id = "dunk"
name = "Dunk"
price_won = 100_000
sizes = [{ size = "270", units = 250 }, { size = "280", units = 250 }]

[shoppers.retry]
attempts = 10
backoff_s = 0.1
max_backoff_s = 0.5
"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with on_stage("embedded", Axes()) as stage:
        yield stage


@pytest.mark.parametrize("name", ["redis_hold", "redis_queue"])
def test_nothing_is_lost_or_oversold_when_redis_forgets_everything(
    name: str, stage: Stage, tmp_path: Path
) -> None:
    source = tmp_path / "drop.toml"
    source.write_text(DROP)
    rehearsal = Rehearsal.of(str(source), time_scale=1.0, seed=5)
    assert isinstance(stage.servers, EmbeddedServers)
    redis_before = stage.endpoints.redis_pid
    folder = tmp_path / "record"

    fault = RedisForgets(at_s=1.5, servers=stage.servers)
    measure(stage, rehearsal, named(name, known()), folder, lambda _: None, fault=fault)

    record = Record.load(folder)
    report = audit(record, rehearsal.scenario)
    placed = [order.placed_s for order in record.books.orders]
    assert stage.endpoints.redis_pid != redis_before
    assert report.violations == ()
    assert min(placed) < fault.at_s < 3 < max(placed)
    assert set(record.history.filter(outcome="bought")["order_id"]) <= {
        order.order_id for order in record.books.orders
    }
    for row in record.books.stock:
        sold = sum(
            line.quantity for order in record.books.orders for line in order.lines if line.sku == row.sku
        )
        assert (row.initial - sold, row.reserved) == (row.available, 0)
        assert row.redis_available == row.available >= 0
    assert record.books.intake == ()
