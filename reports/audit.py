"""The audit: the invariants of a shop, checked on the history and the books of a run.

A check fails with violations, each with witnesses; passes; or is unknown, where the run never came near
enough to the danger for a pass to mean anything.
"""

from __future__ import annotations

from typing import Literal

from reports.shapes import Part

Verdict = Literal["pass", "fail", "unknown"]


class Witness(Part):
    """One case of a violation: the first, the worst or the last."""

    role: Literal["first", "worst", "last"]
    """Which of the cases this is."""
    text: str
    """What was seen: the order, key or SKU, and the figures that do not agree."""
    at_s: float | None
    """When, in seconds since the run began; null for what is found at rest."""


class Violation(Part):
    """An invariant that a run broke."""

    invariant: int
    """Its number."""
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
    """Its number."""
    name: str
    """What must hold."""
    verdict: Verdict
    """`unknown`: it held, but the run never came near the danger."""
    why: str
    """What the verdict rests on."""


class AuditReport(Part):
    """The verdict on a run, or on several of one strategy: fails with any check, passes with all."""

    verdict: Verdict
    """`fail` where any check failed, `unknown` where any is unknown, else `pass`."""
    checks: tuple[Check, ...]
    """One for each invariant."""
    violations: tuple[Violation, ...]
    """What the failed checks found."""
