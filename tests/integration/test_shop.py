"""A served shop that cannot start, or whose servers are gone, says so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from harness.servers import open_servers
from tests.shops import served_shop


def test_a_wrong_setting_stops_the_start_with_its_name_alone() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "system"],
        env={
            "DROPDAY_DATABASE_URL": "postgresql://x/x",
            "DROPDAY_REDIS_URL": "redis://x",
            "DROPDAY_PORT": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("DROPDAY_PORT is '0': ")
    assert "Traceback" not in ended.stderr


def test_a_shop_whose_database_is_gone_says_so_and_stays_alive(tmp_path: Path) -> None:
    with (
        open_servers("embedded") as endpoints,
        served_shop("conditional_update", endpoints, tmp_path / "shop.log") as shop,
    ):
        shop.reset()
        headers = shop.bearer() | {"idempotency-key": "a-key"}
        assert endpoints.postgres_pid is not None
        os.kill(endpoints.postgres_pid, signal.SIGKILL)
        while shop.http.get("/health/ready").status_code == 200:
            pass

        body = {"lines": [{"sku": "dunk-270", "quantity": 1}]}
        answers = [shop.http.post("/orders", json=body, headers=headers) for _ in range(3)]

        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"unavailable"}
        assert shop.http.get("/health/live").status_code == 200
