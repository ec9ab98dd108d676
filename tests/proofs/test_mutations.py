"""A copy of the system without a guard, or with a false refusal, is caught by the audit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.axes import Axes
from harness.servers import Endpoints
from harness.shop import migrate
from tests.shops import PRICE_WON, ServedShop, empty_database, served_shop
from tests.shops.crowds import Stock, Visit, audited
from tests.strategies import SAFE

SYSTEM = Path(__file__).parents[2] / "system"
SCHEMA = "migrations/versions/0001_shop.sql"
STRATEGIES_SCHEMA = "migrations/versions/0002_strategies.sql"
KEYS_SCHEMA = "migrations/versions/0005_one_store_of_keys.sql"
LEDGER_SCHEMA = "migrations/versions/0004_no_hold_for_a_copy.sql"
SALE_SCHEMA = "migrations/versions/0003_one_hold.sql"
ORDERS_AT_ONCE = 5
CROWDS = 3  # the first one finds connections that are still to be opened


class Edit(NamedTuple):
    """In a file of the system, `old` becomes `new`."""

    file: str
    old: str
    new: str


def guard(file: str, old: str, new: str) -> Edit:
    """What keeps a strategy from overselling, and what is left without it."""
    return Edit(file, old, new)


def wider(file: str, old: str, new: str) -> Edit:
    """A pause in the window between a look at the stock and what follows, so that all are in it together."""
    return Edit(file, old, new)


UNCONDITIONAL = guard(
    SCHEMA,
    "WHERE sku = p_skus[i] AND available >= p_quantities[i];",
    "WHERE sku = p_skus[i];",
)
UNDECIDED = guard("orders/batch.py", "if known.skus[sku].available < quantity:", "if quantity < 0:")
UNHELD = guard(
    "stock/redis_stock.py", "if tonumber(left) < units then return 'sold_out:' .. sku end", "local any = left"
)
SLOW_READ = wider(
    "stock/statements.py",
    '_READ = "SELECT sku, available, version FROM stock',
    '_READ = "SELECT sku, available, version, pg_sleep(0.05) FROM stock',
)

MUTATIONS: dict[str, tuple[Edit, ...]] = {
    "conditional_update": (UNCONDITIONAL,),
    "pessimistic_lock": (
        guard("stock/statements.py", "ORDER BY array_position($1, sku) FOR UPDATE", ""),
        SLOW_READ,
    ),
    "optimistic_lock": (
        guard(SCHEMA, "WHERE sku = p_skus[i] AND version = p_versions[i];", "WHERE sku = p_skus[i];"),
        SLOW_READ,
    ),
    "snapshot": (
        guard(
            "stock/strategies/snapshot.py",
            '[Isolation] = "repeatable read"',
            '[Isolation] = "read committed"',
        ),
        SLOW_READ,
    ),
    "serializable": (
        guard(
            "stock/strategies/serializable.py",
            '"serializable", "serializable"',
            '"serializable", "read committed"',
        ),
        SLOW_READ,
    ),
    "advisory_lock": (
        guard("stock/statements.py", "pg_advisory_xact_lock(hashtextextended('sku ' || sku, 0))", "sku"),
        SLOW_READ,
    ),
    "unit_rows": (
        guard(
            KEYS_SCHEMA,
            "ORDER BY id LIMIT p_quantities[i] FOR UPDATE SKIP LOCKED",
            "ORDER BY id LIMIT p_quantities[i]",
        ),
    ),
    "bucketed_stock": (
        guard(
            STRATEGIES_SCHEMA,
            "WHERE sku = p_skus[i] AND bucket = chosen AND available >= p_quantities[i];",
            "WHERE sku = p_skus[i] AND bucket = chosen;",
        ),
        guard(STRATEGIES_SCHEMA, "CONSTRAINT bucket_is_not_negative CHECK (available >= 0)", ""),
        wider(
            STRATEGIES_SCHEMA,
            "UPDATE stock_buckets SET available",
            "PERFORM pg_sleep(0.02); UPDATE stock_buckets SET available",
        ),
    ),
    "reservation_ledger": (
        guard(
            LEDGER_SCHEMA,
            "r.state = 'sold' OR r.expires_at > clock_timestamp()), 0) INTO remaining",
            "r.state = 'sold'), 0) INTO remaining",
        ),
        wider(
            SALE_SCHEMA,
            "UPDATE reservations SET state = 'sold'",
            "PERFORM pg_sleep(0.05); UPDATE reservations SET state = 'sold'",
        ),
    ),
    "redis_fenced_lock": (
        guard(SCHEMA, "WHERE sku = p_skus[i] AND fence = p_token;", "WHERE sku = p_skus[i];"),
        wider(
            "stock/statements.py",
            '"SELECT sku, available, version FROM read_behind_fence',
            '"SELECT sku, available, version, pg_sleep(0.05) FROM read_behind_fence',
        ),
    ),
    "redis_hold": (UNHELD, UNCONDITIONAL),
    "redis_queue": (UNHELD, UNDECIDED),
    "single_writer": (UNDECIDED,),
    "micro_batch": (
        guard(
            KEYS_SCHEMA,
            'WHERE b.sku = ANY (p_skus) ORDER BY b.sku COLLATE "C" FOR UPDATE',
            "WHERE b.sku = ANY (p_skus) AND pg_sleep(0.05) IS NOT NULL",  # and a pause
        ),
        wider(  # and several batches of one worker at once, as if they were of several
            "stock/batches.py",
            "return await self._merger.submit(order)",
            "return await vars(self).setdefault(f'of {order.shopper % 3}', "
            "Merger(self._place, window_s=0, most=1)).submit(order)",
        ),
    ),
}

# What else it takes to be in danger: a lease that runs out.
AXES = {"redis_fenced_lock": {"lease_ms": 1}}

# Carts begin with different SKUs of which there is plenty, and end with the one that all want.
PLENTY = ("100", "110", "120", "130", "140", "150", "160", "170")
STOCK = Stock(dict.fromkeys(PLENTY, 6) | {"270": 3}, shoppers=40)
VISITS = [
    Visit(n, "key", ((f"dunk-{PLENTY[n % len(PLENTY)]}", 1), ("dunk-270", 1))) for n in range(STOCK.shoppers)
]

# What makes the shop refuse what it need not, and what the audit says of that.
LIES: dict[str, tuple[Edit, str]] = {
    "a limit of one less": (
        Edit(SCHEMA, "has.units + excluded.units <= p_limit;", "has.units + excluded.units < p_limit;"),
        "limits were said to be reached and were not",
    ),
    "a wallet that never gives its last won": (
        Edit(SCHEMA, "AND balance_won >= p_total;", "AND balance_won > p_total;"),
        "funds were said to be insufficient and were not",
    ),
    "a refusal where an answer is kept": (
        Edit("orders/service.py", "if known is None:", "if order.key:"),
        "keys were refused after they had bought",
    ),
}

# Everybody pays for two and may have two of a size. Half of them buy up one size, and all ask again for
# what they have.
MODEST = Stock({"270": 20, "280": 5}, shoppers=10, balance_won=2 * PRICE_WON, limit=2)
MODEST_VISITS = [
    Visit(n, key, ((sku, 1),), after_s)
    for n in range(MODEST.shoppers)
    for mine in ("dunk-270" if n % 2 else "dunk-280",)
    for key, sku, after_s in (("one", mine, 0.0), ("another", "dunk-270", 0.5), ("one", mine, 1.0))
]

EDITS = sorted({edit for edits in MUTATIONS.values() for edit in edits} | {edit for edit, _ in LIES.values()})


def test_every_safe_strategy_has_a_guard_to_lose() -> None:
    assert tuple(MUTATIONS) == SAFE


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_taken_out_is_there_once(edit: Edit) -> None:
    assert (SYSTEM / edit.file).read_text().count(edit.old) == 1


@pytest.mark.parametrize("strategy", MUTATIONS)
def test_a_safe_strategy_without_its_guard_is_caught(
    strategy: str, endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _import_the_copy_in(tmp_path, monkeypatch)
    database_url = empty_database(endpoints.database_url, f"without_guard_{strategy}")
    with _shop_of_a_copy(strategy, MUTATIONS[strategy], endpoints, database_url, tmp_path) as shop:
        for _ in range(CROWDS):
            report = audited(shop, STOCK, VISITS)
            if report.violations:
                break

    assert report.verdict == "fail"
    assert "more units were sold than there were" in [violation.what for violation in report.violations]


@pytest.mark.parametrize("lie", LIES)
def test_a_shop_that_refuses_what_it_need_not_is_caught(
    lie: str, endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, what = LIES[lie]
    _import_the_copy_in(tmp_path, monkeypatch)
    database_url = empty_database(endpoints.database_url, f"with_{lie.replace(' ', '_')}")
    with _shop_of_a_copy("optimistic_lock", [edit], endpoints, database_url, tmp_path) as shop:
        report = audited(shop, MODEST, MODEST_VISITS)

    assert what in [violation.what for violation in report.violations]


@contextmanager
def _shop_of_a_copy(
    strategy: str, edits: Sequence[Edit], endpoints: Endpoints, database_url: str, folder: Path
) -> Iterator[ServedShop]:
    """A shop of a copy of the system with `edits`, in `folder`; its database is still empty."""
    _copy_of_the_system(folder, edits)
    migrate(database_url)  # by the copy, whose guards may be in the schema
    axes = Axes(pool_size=ORDERS_AT_ONCE, buckets=3, backstops=False, **AXES.get(strategy, {}))
    with served_shop(strategy, endpoints, folder / "shop.log", axes, database_url) as shop:
        yield shop


def _import_the_copy_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # not the system in the working folder


def _copy_of_the_system(folder: Path, edits: Sequence[Edit]) -> None:
    copy = folder / "system"
    shutil.copytree(SYSTEM, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file, old, new in edits:
        code = (copy / file).read_text()
        (copy / file).write_text(code.replace(old, new))
