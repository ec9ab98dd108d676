"""The bench compares like with like."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy.engine import make_url

from harness.bench import bench
from harness.bench.common import SKU, Ratio
from harness.bench.orders import SCRIPT
from harness.errors import UsageError
from harness.servers.binaries import postgres_installation
from tests.integration.shops import TestShop

PRODUCT = {"id": "bench", "name": "Bench", "price_won": 1000, "sizes": [{"size": "1", "units": 100}]}
SEED = {"products": [PRODUCT], "shoppers": 1, "balance_won": 1_000_000}


def changes(shop: TestShop) -> dict[str, object]:
    """What has changed since the seed, but for names and moments."""
    books = shop.books()
    return {
        "orders": [(order.shopper, order.state, order.total_won, order.lines) for order in books.orders],
        "stock": [(row.sku, row.available) for row in books.stock],
        "wallets": [(wallet.balance_won, wallet.ledger_won) for wallet in books.wallets],
    }


def test_pgbench_changes_the_rows_that_an_order_changes(shop: TestShop) -> None:
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


def test_a_ratio_is_the_median_of_the_turns() -> None:
    ratio = Ratio.of([(1, 2), (3, 2), (4, 4)], "ours / theirs")

    assert (ratio.ratio, ratio.low, ratio.high) == (1.0, 0.5, 1.5)


def test_a_bench_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no bench 'order'; did you mean 'orders'"):
        bench("order", tmp_path / "bench.json", Console(), pool_size=1)
