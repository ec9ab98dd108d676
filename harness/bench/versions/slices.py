"""The slices of a pair's time: which side is sent what, in which order, and what the answers come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.bench.common import CLIENTS, SKU
from harness.bench.versions.shapes import Side, Trial, other
from harness.closed_loop import Result
from harness.errors import RunError
from harness.processes import end_of

Kind = Literal["warm up", "orders", "sell out", "sold out"]
"""Orders before those that count, and those; the last units of a scarce SKU, and orders when it is gone."""

SCARCE_SKU = "bench-2"
_ANSWERS: Mapping[Kind, tuple[str, ...]] = {
    "warm up": ("201", "conflict"),
    "orders": ("201", "conflict"),
    "sell out": ("sold_out", "201", "conflict"),
    "sold out": ("sold_out",),
}


@dataclass(frozen=True)
class Effort:
    """How many clients send at once, and for how long in a slice of each kind."""

    clients: int = CLIENTS
    warm_up_s: float = 0.2
    orders_s: float = 0.4
    sold_out_s: float = 0.2

    def seconds(self, kind: Kind) -> float:
        """How long requests are sent in a slice of this kind."""
        return {"orders": self.orders_s, "sold out": self.sold_out_s}.get(kind, self.warm_up_s)


@dataclass(frozen=True)
class Slice:
    """Some time in which one side has the machine for itself."""

    side: Side
    kind: Kind

    @property
    def sku(self) -> str:
        """What is ordered."""
        return SKU if self.kind in ("warm up", "orders") else SCARCE_SKU

    def check(self, result: Result, log: Path) -> None:
        """Do nothing if there are only answers that this kind of slice may get.

        Args:
            log: of the system that answered.

        Raises:
            RunError: there are others, or not one of the first.
        """
        expected = _ANSWERS[self.kind]
        if not set(result.answers) <= set(expected) or not result.answers.get(expected[0]):
            wanted = " or ".join(expected)
            raise RunError(f"{self.kind}: expected {wanted}, got {result.answers}.\n{end_of(log)}")


def slices(first: Side) -> list[Slice]:
    """All slices of a pair, in order.

    The sides take turns in the Thue-Morse sequence. A drift of the machine meets both alike: in four turns
    one that is linear in time, in eight also one that is quadratic.
    """
    second = other(first)
    two = (first, second)
    four = (*two, second, first)
    eight = (*four, *(other(side) for side in four))
    planned: list[tuple[Kind, tuple[Side, ...]]] = [
        ("warm up", two),
        ("orders", eight),
        ("sell out", two),
        ("sold out", four),
    ]
    return [Slice(side, kind) for kind, sides in planned for side in sides]


def trial(side: Side, measured: Sequence[tuple[Slice, Result]]) -> Trial:
    """What the slices of one side come to, taken together."""

    def of(kind: Kind) -> list[Result]:
        return [result for part, result in measured if (part.side, part.kind) == (side, kind)]

    orders, sold_out = of("orders"), of("sold out")
    committed = sum(result.answers["201"] for result in orders)
    cpu_s = {role: sum(result.cpu_s[role] for result in orders) for role in orders[0].cpu_s}
    return Trial(
        cpu_us={role: seconds * 1e6 / committed for role, seconds in cpu_s.items()},
        orders_per_s=committed / _seconds(orders),
        sold_out_per_s=sum(result.completed for result in sold_out) / _seconds(sold_out),
    )


def _seconds(results: Sequence[Result]) -> float:
    return sum(result.duration_s for result in results)
