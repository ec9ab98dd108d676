"""The conditions of a run: whether the generator kept its schedule, and how busy each part was."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Generator(_Row):
    """How well the schedule was kept. `offered` journeys were due, `sent` were begun, `dropped` were not.

    Lateness is the time from an arrival's intended moment to the moment its first attempt was sent.
    """

    offered: int
    sent: int
    dropped: int
    lateness_p50_ms: float
    lateness_p99_ms: float
    lateness_max_ms: float
    cpu_share: float  # of one core, over the run


class GeneratorLog(_Row):
    """What the load generator leaves in `generator.json`. `completed`: it was not interrupted.

    `begins_unix_s` is second 0 of the history, on the clock that databases stamp rows with, and
    `begins_monotonic_s` the same on the generator's machine's clock that is never set.
    """

    begins_unix_s: float
    begins_monotonic_s: float
    completed: bool
    generator: Generator


class Sample(_Row):
    """Cores kept busy by each role in the interval that ends at `at_s`.

    `consumer` is the process that decides queued orders; 0 where the strategy has none.
    """

    at_s: float
    worker: float
    consumer: float = 0.0
    database: float
    redis: float
    generator: float


class WaitSample(_Row):
    """What the database's connections to the system were doing at `at_s`: how many of each, every one once.

    `active` were at work on a statement, `lock` waited in one for a lock (on a row, a tuple, another
    transaction, or an advisory one), `io` for the disk (mostly for the flush of a commit, one's own or one
    that is shared), and `idle` for the next statement, in a transaction or not.
    """

    at_s: float
    active: int
    lock: int
    io: int
    idle: int


class Conditions(_Row):
    """How a run was set up, and how it went for the machine.

    `system_cores` are shared by worker, consumer, database and redis; with `generator_shares_cores` the
    generator ran on them too. There are no `waits` where nobody looked, such as in the model.
    `machine_speed` is that of the system's cores meanwhile, in steps of a fixed loop per microsecond.
    `instead_of` has what was wrong with an earlier run, in whose place this one was measured.
    `misfits`, of a run of the model: by the path of a figure, how far runs are from it, as the deviation of a
    logarithm.
    """

    generator: Generator
    samples: tuple[Sample, ...]
    waits: tuple[WaitSample, ...] = ()
    machine_speed: float = Field(gt=0)
    instead_of: tuple[str, ...] = ()
    system_cores: int = Field(ge=1)
    generator_shares_cores: bool
    workers: int = Field(ge=1)
    pool_size: int = Field(ge=1)
    misfits: dict[str, Annotated[float, Field(ge=0)]] = {}
