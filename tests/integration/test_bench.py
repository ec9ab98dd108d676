"""The bench compares like with like."""

from __future__ import annotations

import os
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy.engine import make_url

from harness.axes import Axes
from harness.bench import bench
from harness.bench.common import SKU, Ratio
from harness.bench.pgbench import SCRIPT
from harness.bench.screen import tables
from harness.bench.turns import take
from harness.bench.versions import Effort, Versions
from harness.bench.versions.comparison import Comparison
from harness.bench.versions.pair import measure
from harness.bench.versions.places import Place
from harness.checkout import Checkout
from harness.errors import RunError, UsageError
from harness.servers import open_servers
from harness.servers.binaries import postgres_installation
from harness.stage import Stage, on_stage
from harness.strategies import known, named
from tests.shops import ServedShop

PRODUCT = {"id": "bench", "name": "Bench", "price_won": 1000, "sizes": [{"size": "1", "units": 100}]}
SEED = {"products": [PRODUCT], "shoppers": 1, "balance_won": 1_000_000}


def changes(shop: ServedShop) -> dict[str, object]:
    """What has changed since the seed, but for names and moments."""
    books = shop.books()
    return {
        "orders": [(order.shopper, order.state, order.total_won, order.lines) for order in books.orders],
        "stock": [(row.sku, row.available) for row in books.stock],
        "wallets": books.wallets,
    }


def test_pgbench_changes_the_rows_that_an_order_changes(shop: ServedShop) -> None:
    shop.admin("/admin/reset", SEED).raise_for_status()
    url = make_url(shop.database_url)
    pgbench = [
        *(str(postgres_installation() / "bin" / "pgbench"), "--no-vacuum", "--protocol=prepared"),
        *(f"--file={SCRIPT}", "--define=shoppers=1", "--client=1", "--transactions=3"),
        *(f"--host={url.query['host']}", f"--port={url.query['port']}"),
        *(f"--username={url.username}", str(url.database)),
    ]
    subprocess.run(pgbench, check=True, capture_output=True)  # noqa: S603 - our own command
    by_pgbench = changes(shop)

    shop.admin("/admin/reset", SEED).raise_for_status()
    for _ in range(3):
        assert shop.order((SKU, 1)).status_code == 201

    assert by_pgbench == changes(shop)


def test_a_turn_counts_what_the_consumer_has_committed_and_what_it_took(tmp_path: Path) -> None:
    with on_stage("embedded", Axes()) as stage:
        turn = take(stage, tmp_path, named("single_writer", known()), "turn-1")

    assert turn.per_s > 0
    assert set(turn.cpu_us) == set(turn.switches) == {"worker", "consumer", "database", "redis"}
    assert turn.cpu_us["consumer"] > 0
    assert turn.switches["database"] > 0


def test_a_ratio_is_the_median_of_the_turns() -> None:
    ratio = Ratio.of([(1, 2), (3, 2), (4, 4)], "ours / theirs", {"orders_per_s": [1, 3, 4]})

    assert (ratio.ratio, ratio.low, ratio.high) == (1.0, 0.5, 1.5)
    assert ratio.figures == {"orders_per_s": 3}


def test_the_screen_has_a_table_for_each_bench_and_a_column_for_each_figure() -> None:
    console = Console(width=120, record=True, file=StringIO())
    ratios = {
        "orders.no_lock": Ratio.of([(1, 2)], "orders/s", {"orders_per_s": [2345.6], "worker_us": [190]}),
        "orders.redis_queue": Ratio.of([(3, 2)], "orders committed/s", {"consumer_us": [7.25]}),
        "sold_out": Ratio.of([(2, 1)], "sold-out answers"),
    }

    for table in tables(ratios):
        console.print(table)

    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    assert "orders ratio low high orders per s worker us consumer us" in lines
    assert "no_lock 0.50 0.50 0.50 2,346 190" in lines
    assert "redis_queue 1.50 1.50 1.50 7.25" in lines
    assert "redis_queue: orders committed/s" in lines
    assert "sold_out ratio low high" in lines


def test_a_bench_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no bench 'order'; did you mean 'orders'"):
        bench("order", tmp_path / "bench.json", Console(), Axes())


TINY = Effort(clients=16, warm_up_s=0.1, orders_s=0.1, sold_out_s=0.1)


def test_the_same_commit_is_compared_with_itself_by_the_consumer_too(tmp_path: Path) -> None:
    file = tmp_path / "bench-base.json"
    asked = Versions("HEAD", [named("redis_queue", known())], Axes(), pairs=2, effort=TINY)

    comparison = asked.compare(file, Console(file=StringIO()))

    assert Comparison.model_validate_json(file.read_text()) == comparison
    assert comparison.base.commit == comparison.ours.commit
    assert [row.figure for row in comparison.rows] == [
        *("cpu_us", "worker_us", "database_us", "orders_per_s", "sold_out_per_s")
    ]
    for pair in comparison.measured["redis_queue"]:
        for trial in (pair.ours, pair.base):
            assert set(trial.cpu_us) == {"worker", "consumer", "database", "redis"}
            assert min(*trial.cpu_us.values(), trial.orders_per_s, trial.sold_out_per_s) > 0


def test_a_version_that_does_not_start_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    (broken / "system").mkdir(parents=True)
    (broken / "system" / "__init__.py").touch()
    (broken / "system" / "__main__.py").write_text("raise SystemExit('this one is broken')")
    place = Place(Checkout(broken), ("postgresql://not-needed",), "redis://not-needed")
    cores = tuple(os.sched_getaffinity(0))
    stage = Stage(open_servers("embedded"), Axes(), cores, cores)

    with pytest.raises(
        RunError,
        match=r"^base, no_lock: the system \(no_lock\) ended with exit code 1(.*\n)*.*this one is broken",
    ):
        measure(stage, {"ours": place, "base": place}, named("no_lock", known()), 0, "base", TINY, tmp_path)
