"""Measuring two strategies on real servers: what each run leaves, read back from its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.axes import Axes
from harness.experiment import measure_on_time, measuring_steps, order_of_runs
from harness.rehearsal import Rehearsal
from harness.stage import Stage, on_stage
from harness.strategies import known, named
from reports.experiment import StrategyUnderTest, measured_folder
from scenarios.arrivals import generate
from scenarios.record import Record

DROP = """
name = "small_drop"
summary = "Three hundred come within half a second for twelve pairs."
max_lateness_p99_ms = 10_000

[arrivals]
shape = "constant"
per_s = 600
duration_s = 0.5

[[products]]
id = "dunk"
name = "Dunk"
price_won = 100_000
sizes = [{ size = "270", units = 9 }, { size = "280", units = 3 }]
"""
STRATEGIES = (
    StrategyUnderTest(name="redis_hold", safe=True, ack="committed", redis="stock"),
    StrategyUnderTest(name="pessimistic_lock", safe=True, ack="committed"),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with on_stage("embedded", Axes(pool_size=3)) as stage:
        yield stage


def test_every_run_leaves_a_record_that_agrees_with_itself(stage: Stage, tmp_path: Path) -> None:
    source = tmp_path / "drop.toml"
    source.write_text(DROP)
    rehearsal = Rehearsal.of(str(source), time_scale=1.0, seed=3, crowd=2.0)
    told: list[str] = []

    for step in measuring_steps(stage, rehearsal, STRATEGIES, order_of_runs(STRATEGIES, repeats=1), tmp_path):
        step.work(told.append)

    held, locked = (Record.load(measured_folder(tmp_path, one.name, 0)) for one in STRATEGIES)
    for record in (held, locked):
        bought = record.history.filter(outcome="bought")
        assert set(bought["order_id"]) == {order.order_id for order in record.books.orders}
        assert record.history["arrival"].n_unique() == record.conditions.generator.sent
        assert record.conditions.generator.offered == len(generate(rehearsal.scenario, 3))
        assert {row.sku: row.initial for row in record.books.stock} == {"dunk-270": 9, "dunk-280": 3}
        assert all(-0.5 < order.placed_s < 30 for order in record.books.orders)
        assert {sample.redis for sample in record.conditions.samples} != {0.0}
        assert record.conditions.pool_size == 3
        # The pool, and the connection that watches over the orders.
        assert max(one.active + one.lock + one.io + one.idle for one in record.conditions.waits) == 3 + 1
    assert [row.redis_available for row in held.books.stock] == [row.available for row in held.books.stock]
    assert [row.redis_available for row in locked.books.stock] == [None, None]
    assert held.history["arrival"].unique().to_list() == locked.history["arrival"].unique().to_list()
    sent = locked.conditions.generator.sent
    assert told[-1] == f"0.5 of 0.5 s · sent {sent} · bought 12 · sold out {sent - 12} · in flight 0"


def test_a_late_run_is_measured_again_unless_it_shows_that_a_safe_strategy_is_not(
    stage: Stage, tmp_path: Path
) -> None:
    source = tmp_path / "drop.toml"
    source.write_text(DROP.replace("10_000", "0.000_001").replace("per_s = 600", "per_s = 1500"))
    rehearsal = Rehearsal.of(str(source), time_scale=1.0, seed=3)
    unguarded = StrategyUnderTest(name="no_lock", safe=True, ack="committed")  # it is not: that is the fault

    def reasons_for_another(strategy: StrategyUnderTest) -> tuple[str, ...]:
        folder = tmp_path / strategy.name
        measure_on_time(stage, rehearsal, strategy, folder, lambda _: None)
        return Record.load(folder).conditions.instead_of

    assert any("the generator was late" in reason for reason in reasons_for_another(STRATEGIES[1]))
    assert reasons_for_another(unguarded) == ()


def test_the_stage_meters_every_role_of_a_shop(stage: Stage, tmp_path: Path) -> None:
    with stage.shop(named("no_lock", known()), log=tmp_path / "system.log") as shop:
        roles = stage.roles(shop)

    assert stage.metered
    assert set(roles) == {"worker", "database", "redis"}
