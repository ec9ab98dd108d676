"""Leases in Redis that are outlived by a pause."""

from __future__ import annotations

from reports.answers.shapes.common import Estimate
from reports.shapes import Part


class Pause(Part):
    """How often a process stands still, and for how long: log-normal."""

    per_hour: float
    median_ms: float
    p99_ms: float


class Held(Part):
    """How long leases were held in the model's runs, without any pause, in ms."""

    p50: float
    p99: float
    max: float
    leases: int
    """So many were seen."""


class LeaseLength(Part):
    """What is to be expected of leases of one length."""

    lease_ms: float
    one: Estimate
    """The chance that one lease is outlived. With 95 %, as far as what was drawn at random goes."""
    drop: Estimate
    """The chance that at least one of a drop is."""
    units: Estimate
    """Units that this oversells in a drop, the mean of all drops."""


class Leases(Part):
    """How often is a lease outlived by a pause, and what does that oversell?"""

    strategy: str
    pause: Pause
    held: Held | None
    """Null where nobody got a lease, and so nobody can outlive one."""
    leases: float
    """Of orders in a drop, the mean of the runs."""
    sales_per_s: float
    """Of the size whose lease it is, while another has outlived it."""
    units: int
    """No more can be oversold by one lease: the largest size's."""
    workers: int
    """Processes of the system: where there is one, a pause stops all sales, and this is an upper bound."""
    replications: int
    asked: LeaseLength
    """The length that was asked about."""
    lengths: tuple[LeaseLength, ...]
    """From short to long."""
