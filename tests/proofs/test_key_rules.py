"""One key, one effect: requests at once on two workers, under every strategy; and without each guard."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from harness.axes import Axes
from harness.servers import Endpoints
from harness.shop import migrate
from tests.proofs.key_rules import OPENING_WON, SHOPPERS, UNITS, broken_rules, plan, play
from tests.shops import SMALL, ServedShop, empty_database, served_shop
from tests.strategies import ALL

ROUNDS = 4
REQUESTS = 120
TWO_WORKERS = Axes.model_validate({**SMALL.given, "workers": 2})

SYSTEM = Path(__file__).parents[2] / "system"
KEYS = "migrations/versions/0005_one_store_of_keys.sql"
ONCE = "checkout/idempotency.py"

# Strategy, file of the system, what is taken out, what is left.
WITHOUT: dict[str, tuple[str, str, str, str]] = {
    "charges ask the log for their key": (
        *("single_writer", KEYS),
        "WHERE NOT EXISTS (SELECT FROM intake WHERE shopper = p_shopper AND key = p_key)",
        "",
    ),
    "two bodies of one batch are compared": (
        *("single_writer", KEYS),
        "WHEN coalesce(k.fingerprint, i.fingerprint) <> o.fingerprint THEN 'DD005'",
        "WHEN false THEN 'DD005'",
    ),
    "two bodies under the key of what is done are compared": (
        *("conditional_update", KEYS),
        "    IF kept_fingerprint <> p_fingerprint THEN",
        "    IF false THEN",
    ),
    "a restock claims its key": (
        *("conditional_update", "admin/service.py"),
        "return await once(connection, OPERATOR, key,",
        "return await once(connection, OPERATOR, str(id(add)),",
    ),
    "the answer is kept": (*("conditional_update", ONCE), ".values(answer=answer)", ".values(status=201)"),
}


def broken(shop: ServedShop, seeds: range) -> list[str]:
    found: list[str] = []
    for seed in seeds:
        shop.reset(UNITS, shoppers=SHOPPERS, balance_won=OPENING_WON)
        requests = plan(Random(seed), REQUESTS)  # noqa: S311 - not a secret
        found += broken_rules(shop, play(shop, requests))
    return found


def deadlocks(shop: ServedShop) -> int:
    with shop.database() as ask:
        counted: int = ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0]
        return counted


@pytest.mark.parametrize("strategy", ALL)
def test_whatever_is_sent_at_once_a_key_has_one_effect(
    strategy: str, endpoints: Endpoints, tmp_path: Path
) -> None:
    with served_shop(strategy, endpoints, tmp_path / "shop.log", TWO_WORKERS) as shop:
        assert broken(shop, range(ROUNDS)) == []
        assert deadlocks(shop) == 0


@pytest.mark.parametrize("guard", WITHOUT)
def test_without_a_guard_a_rule_is_broken(
    guard: str, endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy, file, old, new = WITHOUT[guard]
    copy = tmp_path / "system"
    shutil.copytree(SYSTEM, copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = (copy / file).read_text()
    assert code.count(old) == 1
    (copy / file).write_text(code.replace(old, new))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # not the system in the working folder
    database_url = empty_database(endpoints.database_url, f"without_{sorted(WITHOUT).index(guard)}")
    migrate(database_url)  # by the copy, whose guards may be in the schema

    with served_shop(strategy, endpoints, tmp_path / "shop.log", TWO_WORKERS, database_url) as shop:
        assert broken(shop, range(ROUNDS)) != []


@pytest.mark.parametrize("strategy", ["single_writer", "redis_queue", "micro_batch"])
def test_batches_of_the_same_keys_do_not_meet_crosswise_whatever_plan_is_chosen(
    strategy: str, endpoints: Endpoints, tmp_path: Path
) -> None:
    axes = TWO_WORKERS.model_copy(update={"batch_window_ms": 50})
    with served_shop(strategy, endpoints, tmp_path / "shop.log", axes) as shop:
        shop.reset({"270": 100}, shoppers=200)
        with shop.database() as ask:  # with so many, the plan is another than of an empty table
            ask(
                "INSERT INTO idempotency_keys (shopper, key, fingerprint, status, answer)"
                " SELECT 1000 + n % 1000, 'kept ' || n, '', 201, '' FROM generate_series(1, 200000) AS n"
            )
            ask("ANALYZE")
        orders = [(token, "same", [("dunk-270", 1)]) for token in shop.tokens(200)]

        answers = Counter(shop.at_once([*orders, *reversed(orders)]))

        assert set(answers) <= {(201, ""), (409, "sold_out"), (409, "key_in_progress")}
        assert len(shop.at_rest().orders) == 100
        assert deadlocks(shop) == 0
