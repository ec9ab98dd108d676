"""A headless Locust that has measured nothing of use ends with an exit code, and says why."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from scenarios.endings import ExitCode
from tests.integration.broken_shops import broken_shop
from tests.locust_runs import DROP, Locust, ended, free_port, log_in, wait_until
from tests.shops import ServedShop

NOT_RETRIED = "\n[shoppers.retry]\nattempts = 1\n"


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """A small scenario in which everybody sees a page, and tries to order once."""
    path = tmp_path / "drop.toml"
    path.write_text('journey = ["browse", "order"]\n' + DROP.replace("200", "50") + NOT_RETRIED)
    return path


@pytest.mark.parametrize(
    ("page", "order", "unanswered"),
    [
        (500, 500, ["browse", "order"]),
        (0, 0, ["browse", "order"]),
        (404, 401, ["browse", "order"]),
        (200, 503, ["order"]),
        (200, 202, ["order"]),
        (500, 201, ["browse"]),
    ],
)
def test_a_shop_that_answers_nobody_is_no_success(
    page: int, order: int, unanswered: list[str], locust: Locust, drop: Path, tmp_path: Path
) -> None:
    run = ("--headless", "--scenario", drop, "--record", tmp_path)
    with broken_shop(lambda path: order if path == "/orders" else page) as url:
        code, output = ended(locust(*run, "--host", url))
    assert code == ExitCode.UNANSWERED, output
    said = [operation for operation in ("browse", "order") if f"no {operation} was answered" in output]
    assert said == unanswered
    assert log_in(tmp_path).completed


def test_one_order_that_is_answered_is_an_answer(locust: Locust, drop: Path) -> None:
    orders = iter([201])
    with broken_shop(lambda path: next(orders, 500) if path == "/orders" else 200) as url:
        code, output = ended(locust("--headless", "--scenario", drop, "--host", url))
    assert code == ExitCode.PASSED, output


def test_a_schedule_that_was_not_kept_is_no_success(
    shop: ServedShop, locust: Locust, drop: Path, tmp_path: Path
) -> None:
    drop.write_text(drop.read_text().replace("10_000", "0.000_001"))
    run = ("--headless", "--scenario", drop, "--record", tmp_path)
    code, output = ended(locust(*run, shop=shop.system))
    assert code == ExitCode.LATE, output
    assert "the schedule was not kept" in output
    assert "at most 1e-06 ms" in output
    assert log_in(tmp_path).completed


def test_a_master_without_workers_that_is_told_to_end_is_no_success(
    shop: ServedShop, locust: Locust, drop: Path
) -> None:
    run = ("--headless", "--scenario", drop, "--master", "--master-bind-port", free_port())
    log = drop.with_suffix(".log")
    master = locust(*run, "--logfile", log, shop=shop.system)
    wait_until(lambda: log.exists() and "Waiting for workers" in log.read_text(), master)
    master.send_signal(signal.SIGTERM)
    code, output = ended(master)
    assert code == ExitCode.UNKNOWN, output
    assert "ended before anybody came" in log.read_text()
