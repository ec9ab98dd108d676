"""An order in the model, what each of its steps asks for, and the random numbers that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

from scenarios.arrivals import Cart, chance
from simulator.profile import Demand, OrderDemands


class Draw(IntEnum):
    """What a keyed random number is for; part of its key."""

    PACE = 10
    PACE_ORDER = 11
    WAITER = 12
    BACK_OFF = 13
    POLL = 14
    LATENESS = 15
    MOMENT_ORDER = 16


class Draws:
    """The random numbers of one run: each belongs to what it is for, so all strategies meet the same."""

    def __init__(self, *run: int) -> None:
        self._run = run

    def __call__(self, purpose: Draw, *whose: int) -> float:
        """A uniform number in (0, 1)."""
        return chance(*self._run, purpose, *whose)


class Work(NamedTuple):
    """What one step asks for, in seconds: CPU of four roles, the flush to disk, and CPU for each entry."""

    worker_s: float = 0.0
    consumer_s: float = 0.0
    database_s: float = 0.0
    redis_s: float = 0.0
    flush_s: float = 0.0
    entry_s: float = 0.0

    @classmethod
    def of(cls, demand: Demand, ms_s: float) -> Self:
        """A demand in seconds: `ms_s` for each millisecond."""
        return cls(
            worker_s=demand.worker_ms * ms_s,
            consumer_s=demand.consumer_ms * ms_s,
            database_s=demand.database_ms * ms_s,
            redis_s=demand.redis_ms * ms_s,
            flush_s=demand.flush_ms * ms_s,
            entry_s=demand.entry_ms * ms_s,
        )


class OrderWork(NamedTuple):
    """What an order asks for on its way, in seconds."""

    accept_s: float
    stages: dict[str, Work]  # by span
    kept_answer: Work
    inquiry: Work
    respond_s: float

    @classmethod
    def of(cls, demands: OrderDemands, ms_s: float) -> Self:
        """The demands in seconds: `ms_s` for each millisecond."""
        return cls(
            accept_s=demands.accept_ms * ms_s,
            stages={span: Work.of(demand, ms_s) for span, demand in demands.stages.items()},
            kept_answer=Work.of(demands.kept_answer, ms_s),
            inquiry=Work.of(demands.inquiry, ms_s),
            respond_s=demands.respond_ms * ms_s,
        )


@dataclass(slots=True)
class Order:
    """A cart with its shopper and idempotency key. `lines` are in the order in which rows are locked.

    `pace` is how much more work than the average this request makes; `number` is its own, for its draws.
    """

    shopper: int
    key: str
    lines: Cart
    total_won: int
    pace: float
    number: tuple[int, ...]


class Placed(NamedTuple):
    """An order on the books. `placed_s` is the moment when its row was written."""

    order_id: str
    order: Order
    placed_s: float
