"""The strategies as data: the stages of an order, with the names and in the order of the system's spans."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from scenarios.complaints import nearest
from simulator.defaults import OPTIMISTIC_TRIES


class Step(Enum):
    """What a stage does."""

    CONNECT = auto()  # take a connection of the worker's pool
    READ = auto()  # SELECT the stock
    BEGIN = auto()
    LOCK = auto()  # SELECT the stock FOR UPDATE
    PLACE = auto()  # all of the order, the stock last; commits by itself unless there was a BEGIN
    COMMIT = auto()
    HOLD = auto()  # take the units in Redis
    CONFIRM = auto()  # drop the hold in Redis


class Take(Enum):
    """How PLACE writes the stock."""

    IF_ENOUGH = auto()
    IF_UNCHANGED = auto()  # if the version is the one that READ saw
    UNCHECKED = auto()
    OVERWRITE = auto()  # with what READ saw, less what is taken


class Stage(NamedTuple):
    """One step under the name of its span."""

    span: str
    step: Step


class Strategy(NamedTuple):
    """The stages of one try, and how many tries an order has when the stock has changed in between."""

    name: str
    take: Take
    stages: tuple[Stage, ...]
    tries: int = 1


_POOL = Stage("pool", Step.CONNECT)
_READ = Stage("read_stock", Step.READ)
_PLACE = Stage("place_order", Step.PLACE)

STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        Strategy("no_lock", Take.OVERWRITE, (_POOL, _READ, _PLACE)),
        Strategy("conditional_update", Take.IF_ENOUGH, (_POOL, _PLACE)),
        Strategy(
            "pessimistic_lock",
            Take.UNCHECKED,
            (
                _POOL,
                Stage("begin", Step.BEGIN),
                Stage("lock_row", Step.LOCK),
                _PLACE,
                Stage("commit", Step.COMMIT),
            ),
        ),
        Strategy("optimistic_lock", Take.IF_UNCHANGED, (_POOL, _READ, _PLACE), tries=OPTIMISTIC_TRIES),
        Strategy(
            "redis_hold",
            Take.IF_ENOUGH,
            (Stage("redis_hold", Step.HOLD), _POOL, _PLACE, Stage("redis_confirm", Step.CONFIRM)),
        ),
    )
}


def strategy_named(name: str) -> Strategy:
    """The strategy called `name`.

    Raises:
        ValueError: the model has none; the text names the nearest.
    """
    if name not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise ValueError(
            f"no strategy {name!r} in the model{nearest(name, STRATEGIES) or ';'} there are {known}"
        )
    return STRATEGIES[name]
