"""Settings of the system, read from the environment (prefix `DROPDAY_`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

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
    lock_timeout_ms: int = Field(default=5_000, ge=1)
    optimistic_tries: int = Field(default=10, ge=1, le=100)
    optimistic_backoff_ms: float = Field(default=5.0, ge=0)
    # Longer than any order can take: an expired hold goes back on sale.
    hold_ttl_ms: int = Field(default=60_000, ge=1_000)
    # The age that a "sold out" answered from memory may have.
    board_interval_ms: int = Field(default=100, ge=10, le=10_000)

    @model_validator(mode="after")
    def _the_pool_outlives_no_hold(self) -> Self:
        if self.hold_ttl_ms <= self.pool_timeout_s * 1000:
            raise ValueError(
                f"hold_ttl_ms = {self.hold_ttl_ms}: a hold must outlive the wait for a connection "
                f"(pool_timeout_s = {self.pool_timeout_s}), or it expires under its own order"
            )
        return self
