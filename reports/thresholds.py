"""thresholds.toml: what a run must keep to beyond the invariants, each bound with its reason.

    [[threshold]]
    metric = "measured.latency_ms.bought.p99"   # a path in the strategy's entry of summary.json
    strategies = ["safe"]                       # names, or groups: see below
    scenarios = ["sneaker_drop"]                # only in these; left out: in all
    max = 5000                                  # or min, max_ratio, min_ratio
    reason = "Half of the shoppers give up after five seconds."

The groups are all, safe, controls, exact (safe, and never wrong about "sold out"), redis, committed, queued.
A ratio is taken `to` another strategy of the same run, or to the same ratio in a `baseline` file, so that it
holds on any machine. The invariants are judged whatever the file says; it cannot loosen them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reports.summary import Bound
from scenarios.reading import ReadingError, read_toml

FILE = "thresholds.toml"

_KINDS = ("max", "min", "max_ratio", "min_ratio")
_INVARIANT = "units.oversold"


class ThresholdsError(ValueError):
    """A thresholds.toml that cannot be judged by; the text names the key, the value and what was expected."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Threshold(_Part):
    """One bound on one figure of some strategies; exactly one of the four kinds of bound is set."""

    metric: str = Field(min_length=1)
    strategies: tuple[str, ...] = Field(min_length=1)
    scenarios: tuple[str, ...] = Field(default=(), min_length=1)
    max: float | None = None
    min: float | None = None
    max_ratio: float | None = Field(default=None, gt=0)
    min_ratio: float | None = Field(default=None, gt=0)
    to: str | None = None
    baseline: Path | None = None
    reason: str = Field(min_length=1)

    @property
    def bound(self) -> Bound:
        """The bound that is set."""
        (kind,) = self._kinds()
        reference = self.to or (str(self.baseline) if self.baseline else None)
        return Bound.model_validate({"kind": kind, "limit": getattr(self, kind), "to": reference})

    def applies_to(self, scenario: str) -> bool:
        """Whether it is judged in runs of the scenario."""
        return not self.scenarios or scenario in self.scenarios

    def _kinds(self) -> list[str]:
        return [kind for kind in _KINDS if getattr(self, kind) is not None]

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        kinds = self._kinds()
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            raise ValueError(f"{self.metric}: bounds set: {found}; expected one of {', '.join(_KINDS)}")
        references = [name for name in ("to", "baseline") if getattr(self, name) is not None]
        if kinds[0].endswith("_ratio") and len(references) != 1:
            raise ValueError(
                f"{self.metric}: {kinds[0]} needs what it is a ratio to; expected `to` with a strategy of "
                "the same run, or `baseline` with a file of ratios"
            )
        if references and not kinds[0].endswith("_ratio"):
            raise ValueError(
                f"{self.metric}: `{references[0]}` is for ratios; expected max_ratio or min_ratio with it"
            )
        return self

    @model_validator(mode="after")
    def _does_not_loosen_an_invariant(self) -> Self:
        allows_some = self.max is None or self.max > 0
        if self.metric.endswith(_INVARIANT) and allows_some and self.strategies != ("controls",):
            raise ValueError(
                f"{self.metric}: a safe strategy oversells nothing, and no threshold can loosen that; "
                'leave it out, or set strategies = ["controls"]'
            )
        return self


class Thresholds(_Part):
    """A whole thresholds.toml."""

    threshold: tuple[Threshold, ...] = ()


def load(path: Path) -> tuple[Threshold, ...]:
    """Read a thresholds.toml; paths of baselines in it count from its folder.

    Raises:
        ThresholdsError: it cannot be read, or cannot be judged by.
    """
    try:
        thresholds = read_toml(path, Thresholds, expected="a TOML file").threshold
    except ReadingError as error:
        raise ThresholdsError(str(error)) from error
    return tuple(_with_baseline_in(path.parent, threshold) for threshold in thresholds)


def _with_baseline_in(folder: Path, threshold: Threshold) -> Threshold:
    if threshold.baseline is None:
        return threshold
    return threshold.model_copy(update={"baseline": folder / threshold.baseline})
