"""What a pair of measurements looks like."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Side = Literal["ours", "base"]
SIDES: tuple[Side, Side] = ("ours", "base")


def other(side: Side) -> Side:
    """The side that is compared with `side`."""
    return "base" if side == "ours" else "ours"


class Part(BaseModel):
    """Immutable and complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Trial(Part):
    """One side of a pair. `cpu_us`: microseconds that each role took for an order that was committed."""

    cpu_us: dict[str, float]
    orders_per_s: float
    sold_out_per_s: float


class Pair(Part):
    """Both sides. The one that was `first` had the first turn."""

    first: Side
    ours: Trial
    base: Trial
