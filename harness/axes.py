"""The axes of a run: what of the system an experiment may vary besides the strategy, `--set NAME=VALUE`.

The system has them as settings of the same name, range and default; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.errors import UsageError
from scenarios.complaints import complaints
from scenarios.scenario import Scenario

Value = int | float | str | bool

_MODELLED = {"workers", "pool_size"}
_CONNECTIONS = 200  # max_connections of harness/servers/postgresql.conf
_OTHER_CONNECTIONS = 30  # the consumer's, and those that read the books and the waits


def _words(text: object) -> object:
    """`repeatable_read` for `repeatable read`: a value that a shell and make leave in one piece."""
    return text.replace("_", " ") if isinstance(text, str) else text


Isolation = Annotated[Literal["read committed", "repeatable read", "serializable"], BeforeValidator(_words)]


class Axes(BaseModel):
    """One field for each axis, with the system's own default. None: whatever the strategy needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=1, ge=1, le=64)
    """Processes of the system."""
    pool_size: int = Field(default=10, ge=1, le=100)
    """Database connections of each worker."""
    isolation: Isolation | None = None
    """Of the transaction that takes the stock."""
    buckets: int = Field(default=8, ge=1, le=1_000)
    """Rows that the stock of one SKU is split into."""
    lease_ms: int = Field(default=1_000, ge=1)
    """How long a lock in Redis lasts that nobody gives back."""
    batch_window_ms: float = Field(default=5.0, ge=0, le=1_000)
    """How long orders are collected that share a transaction."""
    lock_timeout_ms: int = Field(default=5_000, ge=1)
    """How long a lock is waited for."""
    tries: int = Field(default=10, ge=1, le=100)
    """How often an order is tried that others got in between."""
    backoff_ms: float = Field(default=5.0, ge=0)
    """The pause before the second try."""
    stock_statement: Literal["first", "last"] = "last"
    """Where in the transaction the stock is taken."""
    pipeline: int = Field(default=64, ge=1, le=500)
    """Orders that one message to the database may hold, each still a transaction of its own."""
    payment: Literal["inside", "outside"] = "inside"
    """Whether the wallet pays while the lock is held, where a strategy takes one by name."""
    backstops: bool | None = None
    """Whether the schema refuses what must never be, such as stock below zero."""
    sort_carts: bool = True
    """Whether the lines of a cart are taken in the order of their SKUs."""
    hold_ttl_ms: int = Field(default=60_000, ge=1)
    """How long a hold lasts that nobody confirms."""

    @classmethod
    def of(cls, settings: Iterable[str]) -> Self:
        """The axes that texts such as `pool_size=5` set.

        Raises:
            UsageError: a text is none, names no axis or names one twice, or a value is out of its range.
        """
        values: dict[str, str] = {}
        for text in settings:
            name, is_one, value = (part.strip() for part in text.partition("="))
            if not is_one:
                raise UsageError(f"--set {text}: expected NAME=VALUE, such as pool_size=5")
            if name in values:
                raise UsageError(f"--set {text}: {name} is there twice; expected every axis once")
            values[name] = value
        try:
            return cls.model_validate_strings(values)
        except ValidationError as error:
            told = (f"--set {sentence}" for sentence in complaints(error, cls))
            raise UsageError("\n".join(told).replace("unknown key", "unknown axis")) from error

    @property
    def given(self) -> dict[str, Value]:
        """What was set, by name."""
        return self.model_dump(exclude_unset=True)

    @property
    def record(self) -> dict[str, Value]:
        """What was set, and whatever else every run is told by."""
        return {"workers": self.workers, "pool_size": self.pool_size} | self.given

    @property
    def not_modelled(self) -> list[str]:
        """The axes that are not at their default, and that the model knows nothing of."""
        return [name for name in self.model_dump(exclude_defaults=True) if name not in _MODELLED]

    @property
    def environment(self) -> dict[str, str]:
        """The axes as the system reads them."""
        values: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return {f"DROPDAY_{name.upper()}": str(value).lower() for name, value in values.items()}

    def require_modelled(self) -> None:
        """Do nothing if the model knows every axis that is not at its default.

        Raises:
            UsageError: it does not.
        """
        if self.not_modelled:
            known = " and ".join(sorted(_MODELLED))
            raise UsageError(
                f"--set {self.not_modelled[0]}: the model does not know this axis; expected {known} alone"
            )

    def require_workable(self, scenario: Scenario | None = None, *, lasts: bool = False) -> None:
        """Do nothing if the axes can work on real servers.

        Args:
            scenario: what is rehearsed; None where nothing is that could run out.
            lasts: whether the shop stays open for as long as somebody likes; then no lease is too long.

        Raises:
            UsageError: they cannot; the text says why, and what could.
        """
        conflicts = list(self._conflicts())
        if scenario is not None:
            conflicts += self._conflicts_with(scenario, lasts=lasts)
        if conflicts:
            raise UsageError("\n".join(f"--set {conflict}" for conflict in conflicts))

    def _conflicts(self) -> Iterator[str]:
        """Why the axes cannot work whatever is rehearsed."""
        most = (_CONNECTIONS - _OTHER_CONNECTIONS) // self.workers - 1
        if self.pool_size > most:
            yield (
                f"workers={self.workers}, pool_size={self.pool_size}: PostgreSQL has {_CONNECTIONS} "
                f"connections for all; expected a pool of at most {most} for so many workers"
            )

    def _conflicts_with(self, scenario: Scenario, *, lasts: bool) -> Iterator[str]:
        """Why what was set cannot work here. A default that does not fit is for the system to make fit."""
        given = self.model_fields_set
        run_ms = scenario.duration_s * 1e3
        patience_ms = scenario.shoppers.patience_s * 1e3
        scarcest = min(scenario.skus, key=lambda sku: sku.units)
        if "lease_ms" in given and self.lease_ms > run_ms and not lasts:
            yield (
                f"lease_ms={self.lease_ms}: {scenario.name} is over after {run_ms:.0f} ms, and no lease "
                "would ever run out; expected one that is shorter than the run"
            )
        if "buckets" in given and self.buckets > scarcest.units:
            yield (
                f"buckets={self.buckets}: {scenario.name} has {scarcest.units} units of {scarcest.sku}, and "
                f"a bucket needs one; expected at most {scarcest.units}"
            )
        for name in ("batch_window_ms", "backoff_ms"):
            if name in given and getattr(self, name) >= patience_ms:
                yield (
                    f"{name}={getattr(self, name):g}: the shoppers of {scenario.name} leave after "
                    f"{patience_ms:.0f} ms, before they could be served; expected less than their patience"
                )
