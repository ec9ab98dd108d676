"""The strategies by kind, as the tests expect them."""

from __future__ import annotations

from system.stock.strategies import STRATEGIES

ALL = tuple(STRATEGIES)
CONTROLS = ("no_lock", "check_then_decrement", "redis_lock")
SAFE = tuple(name for name in ALL if name not in CONTROLS)
QUEUED = ("redis_queue", "single_writer")
IN_REDIS = ("redis_hold", "redis_queue")
# Who comes too early to a changed row, and has no tries left, is told that there was a conflict.
MAY_CONFLICT = ("optimistic_lock", "snapshot", "serializable", "redis_fenced_lock")
