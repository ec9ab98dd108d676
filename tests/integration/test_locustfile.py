"""`locust -f locustfile.py`, as people and the harness run it, against the real shop."""

from __future__ import annotations

import json
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from scenarios import history
from scenarios.arrivals import generate
from scenarios.endings import ExitCode
from scenarios.scenario import load
from tests.locust_runs import (
    LONG,
    WITHIN_S,
    Locust,
    ended,
    free_port,
    log_in,
    presses_start,
    shown,
    wait_until,
)
from tests.shops import ServedShop, ServedShopOf


@pytest.fixture
def long_drop(tmp_path: Path) -> Path:
    path = tmp_path / "long_drop.toml"
    path.write_text(LONG)
    return path


def bought(progress: Path) -> int:
    lines = progress.read_text().splitlines() if progress.exists() else []
    return int(json.loads(lines[-1])["bought"]) if lines else 0


@pytest.mark.parametrize("strategy", ["conditional_update", "redis_hold", "single_writer", "redis_queue"])
def test_a_headless_run_ends_by_itself_and_its_history_agrees_with_the_books(
    strategy: str, shop_of: ServedShopOf, locust: Locust, drop: Path, tmp_path: Path
) -> None:
    shop = shop_of(strategy)
    run = ("--headless", "--scenario", drop, "--seed", 5, "--strategy", strategy)
    code, output = ended(locust(*run, "--record", tmp_path, shop=shop.system))
    assert code == ExitCode.PASSED, output

    rows, books = history.read(tmp_path / "history.parquet"), shop.books()
    acknowledged = rows.filter(rows["outcome"] == "bought")
    assert Counter(rows["outcome"]).keys() == {"bought", "sold_out"}
    assert sorted(acknowledged["order_id"]) == sorted(order.order_id for order in books.orders)
    assert sorted(acknowledged["key"]) == sorted(order.key for order in books.orders)
    assert [row.available for row in books.stock] == [0, 0]
    assert acknowledged["total_won"].to_list() == [100_000] * 7
    both_times = acknowledged.filter(acknowledged["acknowledged_s"] < acknowledged["done_s"])
    assert len(both_times) == (7 if strategy in ("single_writer", "redis_queue") else 0)

    crowd = generate(load(drop), 5)
    assert rows["arrival"].n_unique() == len(crowd)
    assert rows.filter(rows["attempt"] == 0)["intended_s"].min() == crowd.at_s[0]
    log = log_in(tmp_path)
    assert (log.completed, log.generator.offered, log.generator.sent) == (True, len(crowd), len(crowd))


def test_a_limit_of_the_scenario_holds_for_everybody(
    shop: ServedShop, locust: Locust, drop: Path, tmp_path: Path
) -> None:
    few = "limit = 1\nsizes = [{ size = '270', units = 9 }]\n\n[shoppers]\npopulation = 5\n"
    drop.write_text(drop.read_text().partition("sizes")[0] + few)
    run = ("--headless", "--scenario", drop, "--record", tmp_path)
    code, output = ended(locust(*run, shop=shop.system))
    assert code == ExitCode.PASSED, output
    rows = history.read(tmp_path / "history.parquet")
    outcomes = Counter(rows["outcome"])
    assert outcomes["bought"] == 5
    assert outcomes["refused"] == outcomes.total() - 5
    assert set(rows.filter(rows["outcome"] == "refused")["code"]) == {"limit_reached"}


def test_a_page_and_an_order_are_answered_by_the_shop(
    shop_of: ServedShopOf, locust: Locust, tmp_path: Path
) -> None:
    run = ("--headless", "--scenario", "steady_orders", "--time-scale", 0.005, "--record", tmp_path)
    code, output = ended(locust(*run, shop=shop_of("conditional_update").system))
    assert code in (ExitCode.PASSED, ExitCode.LATE), output  # other tests share the machine
    outcomes = Counter(history.read(tmp_path / "history.parquet")["outcome"])
    assert outcomes["browsed"] == outcomes["bought"] == outcomes.total() / 2


def test_a_shop_that_was_stocked_already_is_taken_as_it_is(
    shop: ServedShop, locust: Locust, drop: Path, tmp_path: Path
) -> None:
    shop.reset({"270": 1, "280": 1}, shoppers=400)
    run = ("--headless", "--scenario", drop, "--no-reset", "--record", tmp_path)
    code, output = ended(locust(*run, shop=shop.system))
    assert code == ExitCode.PASSED, output
    assert Counter(history.read(tmp_path / "history.parquet")["outcome"])["bought"] == 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_keeps_what_it_has_seen(
    how: signal.Signals, shop: ServedShop, locust: Locust, long_drop: Path, tmp_path: Path
) -> None:
    progress = tmp_path / "progress.jsonl"
    run = locust(
        *("--headless", "--scenario", long_drop, "--record", tmp_path, "--progress", progress),
        shop=shop.system,
    )
    wait_until(lambda: bought(progress) == 7, run)
    run.send_signal(how)
    code, output = ended(run)
    assert code == ExitCode.UNKNOWN, output
    assert not log_in(tmp_path).completed
    rows = history.read(tmp_path / "history.parquet")
    assert set(rows.filter(rows["outcome"] == "bought")["key"]) == {
        order.key for order in shop.books().orders
    }


def test_a_shop_with_another_strategy_is_refused(shop: ServedShop, locust: Locust) -> None:
    code, output = ended(locust("--headless", "--strategy", "redis_hold", shop=shop.system))
    assert code == ExitCode.WRONG_USAGE
    assert f"the system at {shop.system.url} has conditional_update; expected redis_hold" in output


def test_an_admin_key_that_is_wrong_is_refused(shop: ServedShop, locust: Locust, drop: Path) -> None:
    run = ("--headless", "--scenario", drop, "--host", shop.system.url, "--admin-key", "x" * 32)
    code, output = ended(locust(*run))
    assert code == ExitCode.WRONG_USAGE
    assert "is --admin-key the system's DROPDAY_ADMIN_KEY?" in output


def test_without_a_host_it_loads_a_system_of_its_own_and_leaves_nothing_behind(
    locust: Locust, drop: Path, tmp_path: Path
) -> None:
    progress = tmp_path / "progress.jsonl"
    run = ("--headless", "--scenario", drop, "--strategy", "pessimistic_lock", "--record", tmp_path)
    process = locust(*run, "--progress", progress)
    wait_until(progress.exists, process)
    system = psutil.Process(process.pid).children(recursive=True)
    code, output = ended(process)
    assert code == ExitCode.PASSED, output
    assert Counter(history.read(tmp_path / "history.parquet")["outcome"])["bought"] == 7
    assert len(system) > 3
    assert psutil.wait_procs(system, timeout=WITHIN_S)[1] == []


def test_a_system_of_its_own_ends_when_locust_is_killed(
    locust: Locust, long_drop: Path, tmp_path: Path
) -> None:
    progress = tmp_path / "progress.jsonl"
    process = locust("--headless", "--scenario", long_drop, "--progress", progress)
    wait_until(progress.exists, process)
    system = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    assert len(system) > 3
    assert psutil.wait_procs(system, timeout=WITHIN_S)[1] == []


def test_a_strategy_that_does_not_exist_cannot_be_served(locust: Locust) -> None:
    code, output = ended(locust("--headless", "--strategy", "pesimistic_lock"))
    assert code == ExitCode.WRONG_USAGE
    assert "pesimistic_lock" in output
    assert "did you mean" in output
    assert "Traceback" not in output


def test_a_folder_that_cannot_be_written_is_named_before_the_load(
    shop: ServedShop, locust: Locust, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    code, output = ended(locust("--headless", "--record", tmp_path / "file" / "record", shop=shop.system))
    assert code == ExitCode.WRONG_USAGE
    assert str(tmp_path / "file") in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--scenario", "sneaker_dorp"), "did you mean 'sneaker_drop'?"),
        (("--time-scale", "0"), "time scale 0: expected a number above 0"),
        (("--crowd", "nan"), "a crowd nan times as large: expected a number above 0"),
        (("--seed", "-1"), "seed -1: expected a whole number"),
        (("--seed", "many"), "argument --seed: invalid int value: 'many'"),
        (("--host", "http://127.0.0.1:9"), "no shop at http://127.0.0.1:9"),
        (("--sceanrio", "sneaker_drop"), "Did you mean '--scenario'?"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[str, str], expected: str, locust: Locust) -> None:
    code, output = ended(locust("--headless", "--host", "http://127.0.0.1:9", *arguments))
    assert code == ExitCode.WRONG_USAGE
    assert expected in output
    assert "Traceback" not in output


def test_workers_share_the_crowd(shop: ServedShop, locust: Locust, drop: Path, tmp_path: Path) -> None:
    port = free_port()
    master = locust(
        *("--headless", "--master", "--expect-workers", 2, "--master-bind-port", port),
        *("--scenario", drop, "--seed", 5, "--record", tmp_path),
        shop=shop.system,
    )
    workers = [locust("--worker", "--master-port", port) for _ in range(2)]
    codes = [ended(process)[0] for process in (master, *workers)]
    assert codes == [ExitCode.PASSED, ExitCode.PASSED, ExitCode.PASSED]
    shares = [set(history.read(tmp_path / f"worker-{i}" / "history.parquet")["arrival"]) for i in range(2)]
    crowd = len(generate(load(drop), 5))
    assert len(shares[0]) + len(shares[1]) == crowd
    assert shares[0] | shares[1] == set(range(crowd))
    assert {log_in(tmp_path / f"worker-{i}").begins_unix_s for i in range(2)} == {
        log_in(tmp_path / "worker-0").begins_unix_s
    }
    assert len(shop.books().orders) == 7


def test_the_web_page_starts_a_run_and_shows_its_figures_and_can_do_so_again(
    shop: ServedShop, locust: Locust, drop: Path, tmp_path: Path
) -> None:
    port = free_port()
    run = ("--scenario", drop, "--record", tmp_path, "--web-host", "127.0.0.1", "--web-port", port)
    process = locust(*run, shop=shop.system)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WITHIN_S) as page:
        for _ in range(2):
            wait_until(lambda: presses_start(page, shop.system.url), process)
            wait_until((tmp_path / "generator.json").exists, process)
            attempts = len(history.read(tmp_path / "history.parquet"))
            wait_until(partial(shows, page, {"bought": 7, "Aggregated": attempts}), process)
            assert len(shop.books().orders) == 7
            (tmp_path / "generator.json").unlink()
    process.terminate()
    code, output = ended(process)
    assert code == ExitCode.PASSED, output


def shows(page: httpx.Client, requests: dict[str, int]) -> bool:
    """Whether the run has ended with these figures."""
    now = shown(page)
    counts = {line["name"]: line["num_requests"] for line in now["stats"]}
    return now["state"] == "stopped" and requests.items() <= counts.items()
