"""What every document says that the model alone has made: by which model, of what, where and when."""

from __future__ import annotations

from typing import Literal

from reports.documents import Document
from reports.experiment import Git, Machine
from reports.shapes import Part
from scenarios.scenario import Scenario


class Asked(Part):
    """A strategy that the model was asked about."""

    name: str
    safe: bool
    ack: Literal["committed", "queued"]
    """What an acknowledgement means; the waits here are always until the order is committed or refused."""


class Foretold(Document):
    """A document of predictions."""

    command: str
    """Repeats it."""
    started_at: str
    scenario: Scenario
    """As it was asked about: after any scaling."""
    seed: int
    machine: Machine
    """Where the model ran."""
    git: Git
    profile: str
    """What the model knows of the machine that it foresees."""
    calibrated_at: str
    workers: int
    pool_size: int
    system_cores: int
    misfits: dict[str, float]
    """By the path of a figure: how far off the model was in the calibration that made the profile, as the
    deviation of a logarithm. A figure that is not there was not held against it."""
    unmeasured: tuple[str, ...]
    """What was asked for and never measured on the calibrated machine: other workers, pools, carts."""
    cautions: tuple[str, ...]
    """Where all of this goes beyond what was calibrated."""
    fit_check: str | None
    """How the model does in runs of the calibration to which it was not fitted; null when there were none."""
    strategies: tuple[Asked, ...]
