"""What an audit finds: violations with witnesses, and the verdict on each invariant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import polars as pl
from pydantic import Field

from reports.shapes import Part

Verdict = Literal["pass", "fail", "unknown"]


class Operation(Part):
    """What one shopper did about a SKU: asked for it, had an order placed or not, and was told something."""

    shopper: int
    """Who."""
    key: str
    """The idempotency key of the order."""
    quantity: int
    """Units of the SKU that were asked for."""
    sent_s: float | None
    """When the request was sent; null where nobody sent one."""
    placed_s: float | None
    """When the order was placed, by the database's clock; null where there is none."""
    so_far: int | None
    """Units of the SKU that were sold up to and with this order; null where there is none."""
    done_s: float | None
    """When the answer was there."""
    told: str | None
    """The outcome that it told."""
    order_id: str | None
    """Of the order that was placed."""


class Witness(Part):
    """One case of a violation: the first, the worst or the last."""

    role: Literal["first", "worst", "last"]
    """Which of the cases this is."""
    text: str
    """What was seen: the order, key or SKU, and the figures that do not agree."""
    at_s: float | None
    """When, in seconds since the run began; null for what is found at rest."""
    under_way: dict[str, int] = Field(default_factory=dict)
    """How many attempts for the SKU were under way at that moment, by what they were told in the end."""
    around: tuple[Operation, ...] = ()
    """Operations on the SKU around that moment: the orders placed next to it, others that were under way."""


class Scene(NamedTuple):
    """What a witness tells of the moment: see there."""

    under_way: dict[str, int]
    around: tuple[Operation, ...]


class Violation(Part):
    """An invariant that a run broke."""

    invariant: int
    """The number of the invariant."""
    what: str
    """What went wrong."""
    count: int
    """How many cases of it there are."""
    witnesses: tuple[Witness, ...]
    """The first, the worst and the last case, without repetition."""
    run: int = 0
    """The repeat or replication in which it was seen."""


class Check(Part):
    """The verdict on one invariant."""

    invariant: int
    """The number of the invariant."""
    name: str
    """What must hold."""
    verdict: Verdict
    """`unknown`: it held, but the run never came near the danger."""
    why: str
    """What the verdict rests on."""


class AuditReport(Part):
    """The verdict on a run, or on several of one strategy."""

    verdict: Verdict
    """`fail` where any check failed, `unknown` where any is unknown, else `pass`."""
    checks: tuple[Check, ...]
    """One for each invariant that the run can have broken."""
    violations: tuple[Violation, ...]
    """What the failed checks found."""


def violation(
    invariant: int,
    what: str,
    cases: pl.DataFrame,
    text: str,
    *,
    at: str | None = None,
    worst: str | None = None,
    scene: Callable[[dict[str, Any]], Scene] | None = None,
) -> list[Violation]:
    """One violation with its witnesses, or none where there is no case.

    Args:
        text: of a witness; its `{fields}` are columns of `cases`.
        at: the column with the time of a case; without it the cases are in order already.
        worst: the column whose highest value makes the worst case.
        scene: what happened around a case.
    """
    if cases.is_empty():
        return []
    ordered = cases.sort(at, maintain_order=True) if at else cases
    rows: dict[str, dict[str, Any]] = {"first": ordered.row(0, named=True)}
    if worst:
        rows["worst"] = ordered.row(ordered[worst].arg_max() or 0, named=True)
    rows["last"] = ordered.row(-1, named=True)
    witnesses: dict[str, Witness] = {}
    for role, row in rows.items():
        said = text.format_map(row)
        if said not in witnesses:
            facts = {"role": role, "text": said, "at_s": row[at] if at else None}
            witnesses[said] = Witness.model_validate(facts | (scene(row)._asdict() if scene else {}))
    return [Violation(invariant=invariant, what=what, count=len(cases), witnesses=tuple(witnesses.values()))]
