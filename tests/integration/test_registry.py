"""The strategies as `python -m system strategies` lists them."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.strategies import ALL, CONTROLS, IN_REDIS, QUEUED


def test_the_registry_says_what_kind_each_strategy_is_of() -> None:
    listed = json.loads(subprocess.check_output([sys.executable, "-m", "system", "strategies"]))

    def those_with(trait: str, value: object) -> tuple[str, ...]:
        return tuple(name for name, traits in listed.items() if traits[trait] == value)

    assert tuple(listed) == ALL
    assert len(ALL) == 17
    assert those_with("safe", False) == CONTROLS
    assert those_with("ack", "queued") == QUEUED
    assert those_with("redis", "stock") == IN_REDIS
    assert those_with("redis", "lock") == ("redis_lock", "redis_fenced_lock")
    assert those_with("exact", False) == ("unit_rows", "bucketed_stock")
