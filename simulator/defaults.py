"""What the system does unless told otherwise, as far as the model needs it. A test holds it to the system."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The system's axes that the model knows, with the system's own defaults."""

    workers: int = 1
    pool_size: int = 10
    pool_timeout_s: float = 30.0  # a connection that comes later is of no use
    lock_timeout_s: float = 5.0  # of a lease
    tries: int = 10
    backoff_s: float = 0.005  # the ceiling of the first wait; it doubles with each try
    pipeline: int = 64  # orders of one message
    buckets: int = 8
    lease_s: float = 1.0
    batch_window_s: float = 0.005
    board_interval_s: float = 0.1  # between two looks for what is sold out


BACK_OFF_DOUBLINGS = 6  # at most
LEASE_POLL_S = (0.001, 0.004)  # between two times that a lease is asked for
BATCH_MOST = 500  # orders of a micro batch, of a journal entry, and of what the consumer reads
DECISIONS_WATCH_S = 0.01  # between two looks for what was decided
REDIS_CONNECTIONS = 16  # of each worker
