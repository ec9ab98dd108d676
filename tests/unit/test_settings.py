"""A setting that cannot be is refused at the start, by its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from unittest.mock import patch

import pytest

from system.__main__ import main

Refusal = Callable[[str, dict[str, str]], str]


@pytest.fixture
def refusal_of(capsys: pytest.CaptureFixture[str]) -> Refusal:
    """What `python -m system` says of wrong settings, which end it before it looks for a server."""
    servers = {"DROPDAY_DATABASE_URL": "postgresql://nowhere/x", "DROPDAY_REDIS_URL": "redis://nowhere"}

    def refusal_of(command: str, settings: dict[str, str]) -> str:
        with patch.dict(os.environ, servers | settings, clear=True):
            assert main([command]) == 2
        return capsys.readouterr().err

    return refusal_of


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("WORKERS", "0", "greater than or equal to 1"),
        ("WORKERS", "65", "less than or equal to 64"),
        ("POOL_SIZE", "0", "greater than or equal to 1"),
        ("POOL_SIZE", "ten", "valid integer"),
        ("ISOLATION", "chaos", "'read committed', 'repeatable read' or 'serializable'"),
        ("BUCKETS", "0", "greater than or equal to 1"),
        ("BUCKETS", "1001", "less than or equal to 1000"),
        ("LEASE_MS", "0", "greater than or equal to 1"),
        ("BATCH_WINDOW_MS", "-1", "greater than or equal to 0"),
        ("BATCH_WINDOW_MS", "1001", "less than or equal to 1000"),
        ("LOCK_TIMEOUT_MS", "0", "greater than or equal to 1"),
        ("TRIES", "0", "greater than or equal to 1"),
        ("BACKOFF_MS", "-1", "greater than or equal to 0"),
        ("STOCK_STATEMENT", "middle", "'first' or 'last'"),
        ("PAYMENT", "never", "'inside' or 'outside'"),
        ("BACKSTOPS", "perhaps", "valid boolean"),
        ("SORT_CARTS", "perhaps", "valid boolean"),
        ("HOLD_TTL_MS", "0", "greater than or equal to 1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name_and_what_would_do(
    refusal_of: Refusal, name: str, value: str, mend: str
) -> None:
    told = refusal_of("serve", {f"DROPDAY_{name}": value})

    assert f"DROPDAY_{name} is {value!r}: " in told
    assert mend in told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"DROPDAY_STRATEGY": "conditional_update"}, "queues nothing: it needs no consumer"),
        ({"DROPDAY_STRATEGY": "single_writter"}, "did you mean 'single_writer'"),
        ({"DROPDAY_BATCH_WINDOW_MS": "-1"}, "DROPDAY_BATCH_WINDOW_MS is '-1': "),
    ],
)
def test_a_consumer_with_a_wrong_setting_says_which(
    refusal_of: Refusal, changed: dict[str, str], told: str
) -> None:
    assert told in refusal_of("consume", {"DROPDAY_STRATEGY": "single_writer"} | changed)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"DROPDAY_STRATEGY": "pesimistic_lock"}, "did you mean 'pessimistic_lock'"),
        ({"DROPDAY_POOL_SIZE": "0"}, "DROPDAY_POOL_SIZE is '0'"),
        (
            {"DROPDAY_HOLD_TTL_MS": "0"},
            "DROPDAY_HOLD_TTL_MS is '0': Input should be greater than or equal to 1",
        ),
        ({"DROPDAY_ADMIN_KEY": "short"}, "DROPDAY_ADMIN_KEY"),
        ({"DROPDAY_ENVIRONMENT": "production"}, "DROPDAY_JWT_SECRET is not set"),
        ({"DROPDAY_ENVIRONMENT": "production"}, "DROPDAY_ADMIN_KEY is not set"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(
    refusal_of: Refusal, changed: dict[str, str], named: str
) -> None:
    assert named in refusal_of("serve", changed)
