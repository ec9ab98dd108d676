"""Settings of the system, read from the environment (prefix `DROPDAY_`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Isolation = Literal["read committed", "repeatable read", "serializable"]
Secret = Annotated[SecretStr, Field(min_length=32)]


class Settings(BaseSettings):
    """Everything that may differ between two deployments. Secrets have no default in production."""

    model_config = SettingsConfigDict(env_prefix="DROPDAY_", frozen=True)

    environment: Literal["development", "production"] = "development"
    database_url: str
    redis_url: str
    jwt_secret: Secret
    admin_key: Secret

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=64)

    strategy: str = "conditional_update"
    # Where the figures peak (docs/benchmarks.md): below it the worker waits for single answers, above it the
    # orders on a hot row only lengthen the convoy.
    pool_size: int = Field(default=10, ge=1, le=100)
    # How long an order may wait for a connection before it is turned away; beyond any shopper's patience.
    pool_timeout_s: float = Field(default=30.0, gt=0)
    # Unset: what the strategy needs. The same goes for the backstops, which a control may need off.
    isolation: Isolation | None = None
    backstops: bool | None = None
    lock_timeout_ms: int = Field(default=5_000, ge=1)
    tries: int = Field(default=10, ge=1, le=100)
    backoff_ms: float = Field(default=5.0, ge=0)
    # Where the stock is written in an order's transaction. Last: its row is locked for one commit.
    stock_statement: Literal["first", "last"] = "last"
    # Orders that one message to the database may hold, each a transaction of its own; 1: each is sent alone.
    pipeline: int = Field(default=64, ge=1, le=500)
    # Whether an order is paid while its stock is locked, or before: pessimistic_lock and advisory_lock.
    payment: Literal["inside", "outside"] = "inside"
    # Unsorted carts take their SKUs as they were sent, and deadlock.
    sort_carts: bool = True
    buckets: int = Field(default=8, ge=1, le=1_000)
    lease_ms: int = Field(default=1_000, ge=1)
    batch_window_ms: float = Field(default=5.0, ge=0, le=1_000)
    # Longer than any order can take: an expired hold goes back on sale.
    hold_ttl_ms: int = Field(default=60_000, ge=1)
    # The age that a "sold out" answered from memory may have.
    board_interval_ms: int = Field(default=100, ge=10, le=10_000)
