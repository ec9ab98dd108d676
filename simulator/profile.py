"""A profile: what the model knows of one machine. A JSON file, made by a calibration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scenarios.complaints import nearest
from scenarios.files import write_text
from scenarios.reading import ReadingError, read_json
from simulator import bounds

SCHEMA: Literal["dropday.profile/7"] = "dropday.profile/7"
SHIPPED = Path(__file__).parent / "profiles"
Role = Literal["worker", "consumer", "database", "redis"]
ROLES: tuple[Role, ...] = ("worker", "consumer", "database", "redis")
_ROUNDING = 1e-9
_LIST = re.compile(r"\[[^][{}]*\]")  # of numbers: a line each would be thousands


class ProfileError(ValueError):
    """A profile that cannot be used; the text names it, what is wrong, and how to get another."""


CpuMs = Annotated[float, Field(ge=bounds.CPU_MS.low, le=bounds.CPU_MS.high)]
WaitMs = Annotated[float, Field(ge=bounds.WAIT_MS.low, le=bounds.WAIT_MS.high)]
EntryMs = Annotated[float, Field(ge=bounds.ENTRY_MS.low, le=bounds.ENTRY_MS.high)]
Factor = Annotated[float, Field(ge=bounds.IN_COMPANY.low, le=bounds.IN_COMPANY.high)]
Deviation = Annotated[float, Field(ge=bounds.DEVIATION.low, le=bounds.DEVIATION.high)]
Misfit = Annotated[float, Field(ge=bounds.MISFIT.low, le=bounds.MISFIT.high)]
Cores = Annotated[int, Field(ge=1, le=65_536)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Demand(_Part):
    """What one stage asks of the machine once, in milliseconds: CPU of four roles, and the flush to disk.

    `entry_ms` is the database's CPU for each entry of a ledger that has to be summed up.
    """

    worker_ms: CpuMs = 0.0
    consumer_ms: CpuMs = 0.0
    database_ms: CpuMs = 0.0
    redis_ms: CpuMs = 0.0
    flush_ms: WaitMs = 0.0
    entry_ms: EntryMs = 0.0


class ClosedRun(_Part):
    """What such a run came to: orders or answers a second, and their latency in milliseconds."""

    per_s: float = Field(gt=0)
    p50_ms: float = Field(ge=0)
    p99_ms: float = Field(ge=0)


class Fit(_Part):
    """How good a fit is: what was observed, the medians over so many runs, and what the fitted model does."""

    runs: int = Field(ge=1)
    observed: ClosedRun
    modelled: ClosedRun


class Interval(_Part):
    """Where a demand lies with a chance of 90 %."""

    low: float = Field(ge=0)
    high: float = Field(ge=0)


class Times(_Part):
    """How many times as much CPU of each role something takes."""

    worker: Factor = 1.0
    consumer: Factor = 1.0
    database: Factor = 1.0
    redis: Factor = 1.0


class OrderDemands(_Part):
    """What an order asks for from the bytes of its request to those of its answer."""

    accept_ms: CpuMs  # the worker's CPU before the first stage
    stages: dict[str, Demand]  # by span, and by the names of the consumer's stages
    kept_answer: Demand  # after a refusal: was this order placed before?
    inquiry: Demand = Demand()  # after it was queued: what became of it?
    respond_ms: CpuMs  # the worker's CPU after the last stage

    @property
    def cpu_ms(self) -> float:
        """All CPU of an order that goes through each stage once."""
        return sum(self.role_ms(role) for role in ROLES)

    def role_ms(self, role: Role) -> float:
        """The CPU of one role for it."""
        stages_ms = sum(float(getattr(one, f"{role}_ms")) for one in self.stages.values())
        return stages_ms + (self.accept_ms + self.respond_ms if role == "worker" else 0.0)


class GeneratorDemands(_Part):
    """What the load generator takes on a core of its own, in milliseconds of it, for each request.

    `tick_ms` is by how much it wakes too late at most for the next shopper; all who are due by then it sends
    one after the other. To read an answer takes `receive_ms`, and then `note_ms`, which only others wait for.
    After a long rest all of it takes `cold_ms` more.
    """

    tick_ms: CpuMs = 0.0
    send_ms: CpuMs = 0.0
    receive_ms: CpuMs = 0.0
    note_ms: CpuMs = 0.0
    cold_ms: CpuMs = 0.0


class StrategyDemands(_Part):
    """What orders under one strategy ask for.

    `board_ms` is the worker's CPU for "sold out" from the sold-out board, all of it; `wake_ms` the database's
    for waking one waiter of a row lock, in vain or not; `cold_ms` how much more the work of a role takes
    after a long rest of a core. Of busy cores the `unused_share` goes to switching, and to waking sleepers.

    `once` is what a message or a batch takes, by span, however many orders are in it; what they take each is
    in their stages. The same steps cost less when nothing is sold any more: nothing is written, and the
    caches are warm. So `refusal` has the demands of an order for units that are not there.

    Nor do they cost the same alone and `in_company`, while more than one order has a connection to the
    database: a busy event loop reads many answers at once, and what orders share they fight for. (Service
    demands that vary with the load: Kattepur, Nambiar, "Performance modeling of multi-tiered web
    applications with varying service demands", IPDPS workshops 2015.)
    """

    order: OrderDemands
    refusal: OrderDemands
    once: dict[str, Demand] = {}
    in_company: Times = Times()
    board_ms: CpuMs
    wake_ms: float = Field(ge=bounds.WAKE_MS.low, le=bounds.WAKE_MS.high)
    cold_ms: float = Field(ge=bounds.COLD_MS.low, le=bounds.COLD_MS.high)
    unused_share: float = Field(default=0.0, ge=bounds.UNUSED_SHARE.low, le=bounds.UNUSED_SHARE.high)

    @model_validator(mode="after")
    def _has_a_refusal_like_an_order(self) -> Self:
        for role in ROLES:
            refusal_ms, order_ms = self.refusal.role_ms(role), self.order.role_ms(role)
            once_ms = sum(float(getattr(one, f"{role}_ms")) for one in self.once.values())
            most_ms = bounds.TIMES.high * (order_ms + once_ms)
            if refusal_ms > most_ms * (1 + _ROUNDING):
                raise ValueError(
                    f"refusal takes {refusal_ms:g} ms CPU of the {role}; expected at most {most_ms:g}, "
                    f"{bounds.TIMES.high:g} times what an order takes"
                )
        return self


class Profile(_Part):
    """Calibrated demands, and the machine they hold for.

    `machine` and `versions` describe where and with what the calibration ran. `wire_ms` is what a request
    and its answer spend between shopper and system, together. `identify_ms` is the worker's CPU for a token
    that it has not seen before. `unevenness` is the standard deviation of the logarithm of the work that
    requests of one kind make.

    A machine has neighbours, and is not always as fast. Demands hold for the mean `speed` of a probe, in
    steps per microsecond; `speeds` are what it found every 100 ms, relative to that, and a run of the model
    plays them back from some moment on. `speed_spread` is the standard deviation of the logarithm of what is
    left between runs in which the probe found the same.
    `misfits` are, by the path of a figure, such deviations of what the model foresees of it at any pace.
    """

    schema_: Literal["dropday.profile/7"] = Field(default=SCHEMA, alias="schema")
    made_at: str  # ISO 8601, with the offset from UTC
    machine: dict[str, str | int | float | None]
    versions: dict[str, str]
    system_cores: Cores
    workers: Cores
    pool_size: int = Field(ge=1, le=100_000)
    wire_ms: WaitMs
    generator: GeneratorDemands
    identify_ms: CpuMs
    unevenness: Deviation
    speed: float = Field(ge=1e-3, le=1e6)
    speeds: tuple[Annotated[float, Field(ge=bounds.SPEED.low, le=bounds.SPEED.high)], ...] = Field(
        min_length=1
    )
    speed_spread: Deviation
    browse: Demand
    strategies: dict[str, StrategyDemands] = Field(min_length=1)
    fits: dict[str, dict[str, Fit]]  # by strategy and kind of run
    intervals: dict[
        str, dict[str, Interval]
    ] = {}  # by strategy and path of a demand, where runs were repeated
    misfits: dict[str, Misfit] = {}
    on_bounds: dict[str, dict[str, float]] = {}  # by strategy: parameters whose fit ended there, and where

    def demands(self, strategy: str) -> StrategyDemands:
        """What orders under `strategy` ask for.

        Raises:
            ProfileError: the calibration left it out.
        """
        if strategy not in self.strategies:
            there = ", ".join(self.strategies)
            raise ProfileError(
                f"the profile of {self.made_at} does not know strategy {strategy!r}, only {there}; "
                "calibrate again with it"
            )
        return self.strategies[strategy]

    def save(self, path: Path) -> None:
        """Write the profile as JSON."""
        text = self.model_dump_json(by_alias=True, indent=2) + "\n"
        write_text(path, _LIST.sub(lambda found: " ".join(found[0].split()), text))


def shipped() -> list[str]:
    """The names of the profiles that come with Dropday."""
    return sorted(path.stem for path in SHIPPED.glob("*.json"))


def load(name_or_path: str | Path) -> Profile:
    """A shipped profile by its name, or one of your own by the path of its file (ending in `.json`).

    Raises:
        ProfileError: there is no such profile, or it is not one of this version.
    """
    path = _find(str(name_or_path))
    try:
        return read_json(path, Profile, expected=f"a profile of this version ({SCHEMA}); calibrate again")
    except ReadingError as error:
        raise ProfileError(str(error)) from error


def _find(name_or_path: str) -> Path:
    if name_or_path.endswith(".json"):
        return Path(name_or_path)
    if name_or_path in shipped():
        return SHIPPED / f"{name_or_path}.json"
    raise ProfileError(
        f"no profile {name_or_path!r}{nearest(name_or_path, shipped()) or ';'} "
        f"expected one of {', '.join(shipped())}, or the path of a .json file"
    )
