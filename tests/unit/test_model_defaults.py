"""The model and the system have the same defaults and the same strategies."""

from __future__ import annotations

from simulator.defaults import Settings
from simulator.strategies import STRATEGIES
from system.settings import Settings as SystemSettings
from system.stock.strategies import STRATEGIES as SYSTEM_STRATEGIES
from tests.unit.profiles import CONTROLS, INEXACT, QUEUED


def test_the_model_and_the_system_have_the_same_defaults() -> None:
    secret = "x" * 32
    system = SystemSettings.model_validate(
        {"database_url": "postgresql://", "redis_url": "redis://", "jwt_secret": secret, "admin_key": secret}
    )

    assert Settings() == Settings(
        workers=system.workers,
        pool_size=system.pool_size,
        pool_timeout_s=system.pool_timeout_s,
        lock_timeout_s=system.lock_timeout_ms / 1e3,
        tries=system.tries,
        backoff_s=system.backoff_ms / 1e3,
        pipeline=system.pipeline,
        buckets=system.buckets,
        lease_s=system.lease_ms / 1e3,
        batch_window_s=system.batch_window_ms / 1e3,
        board_interval_s=system.board_interval_ms / 1e3,
    )


def test_the_model_has_the_strategies_of_the_system_and_calls_the_same_ones_unsafe_and_queued() -> None:
    assert list(STRATEGIES) == list(SYSTEM_STRATEGIES)
    assert tuple(name for name, one in SYSTEM_STRATEGIES.items() if not one.safe) == CONTROLS
    assert tuple(name for name, one in SYSTEM_STRATEGIES.items() if not one.exact) == INEXACT
    assert [name for name, one in SYSTEM_STRATEGIES.items() if one.ack == "queued"] == QUEUED
