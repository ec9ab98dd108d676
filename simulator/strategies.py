"""The strategies as data: the stages of an order, with the names and in the order of the system's spans."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from scenarios.complaints import nearest


class Step(Enum):
    """What a stage does."""

    CONNECT = auto()  # take a connection of the worker's pool
    DISCONNECT = auto()  # give it back before the order is done
    BEGIN = auto()
    READ = auto()  # SELECT the stock
    READ_FENCED = auto()  # the same, and shut out whoever holds an older token: a transaction of its own
    LOCK = auto()  # SELECT the stock FOR UPDATE
    LOCK_UNITS = auto()  # any unit rows that nobody has locked
    LOCK_NAMES = auto()  # advisory locks that bear the names of the SKUs
    RESERVE = auto()  # sum up what is sold and held, and add a hold
    PLACE = auto()  # all of the order, the stock last; commits by itself unless there was a BEGIN
    COMMIT = auto()
    LEASE = auto()  # take a lock in Redis that is lost after a while
    LEASE_FENCED = auto()  # the same, and a token that is larger than any before
    UNLEASE = auto()  # give the lock back, if it is still ours
    HOLD = auto()  # take the units in Redis
    CONFIRM = auto()  # drop the hold in Redis
    ENQUEUE = auto()  # put the order into the stream, for the consumer
    LINE_UP = auto()  # wait for the lane of one's SKU, and with all who wait for it take a connection
    SEND = auto()  # PLACE for all who lined up, one after the other, in one message
    BATCH = auto()  # wait for others, and be decided with them in one transaction
    JOURNAL = auto()  # wait for others, and be put into the intake with them
    # The consumer's:
    READ_INTAKE = auto()
    READ_STREAM = auto()
    DECIDE = auto()  # all that were read, in one transaction
    SETTLE = auto()  # confirm or release their holds in Redis


IN_REDIS = frozenset(
    {Step.LEASE, Step.LEASE_FENCED, Step.UNLEASE, Step.HOLD, Step.CONFIRM, Step.ENQUEUE}
    | {Step.READ_STREAM, Step.SETTLE}
)
SHARED = frozenset({Step.SEND, Step.BATCH, Step.JOURNAL, Step.DECIDE})
"""Steps that many orders take together: a part of the work is done once for all of them."""
READING = frozenset({Step.READ_INTAKE, Step.READ_STREAM})
"""Steps of the consumer that are done for whatever there is, and where there is nothing."""
FLUSHING = frozenset({Step.READ_FENCED, Step.COMMIT, Step.SEND, Step.BATCH, Step.JOURNAL, Step.DECIDE})
"""Steps that end on the disk; and so does PLACE, unless there was a BEGIN."""
WAITING = frozenset({Step.CONNECT, Step.DISCONNECT, Step.LINE_UP})
"""Steps that ask no server for anything."""


class Take(Enum):
    """How the units are taken."""

    IF_ENOUGH = auto()
    IF_UNCHANGED = auto()  # if the version is the one that was read
    IF_FIRST = auto()  # if nobody has committed since the read; then overwrite. What a snapshot sees to
    IF_FENCED = auto()  # if no younger token was there
    UNCHECKED = auto()
    OVERWRITE = auto()  # with what was read, less what is taken
    UNIT_ROWS = auto()  # those that were locked
    FROM_BUCKETS = auto()  # from the shopper's own, or the next that has enough
    RESERVED = auto()  # what was held is sold


class KeptIn(Enum):
    """Where units are counted."""

    ROW = auto()
    UNITS = auto()
    BUCKETS = auto()
    RESERVATIONS = auto()


class Stage(NamedTuple):
    """One step under the name of its span; DISCONNECT has none."""

    span: str
    step: Step

    @property
    def is_shared(self) -> bool:
        """Whether a part of its work is done once, however many orders there are."""
        return self.step in SHARED or self.step in READING or self.step is Step.SETTLE


class Strategy(NamedTuple):
    """The stages of one try of an order; and where it is decided later, those of the consumer.

    `retries`: there is another try when the stock has changed in between.
    """

    name: str
    take: Take
    stages: tuple[Stage, ...]
    retries: bool = False
    kept_in: KeptIn = KeptIn.ROW
    consumer: tuple[Stage, ...] = ()

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """Those of an order and those of the consumer, each name once."""
        return tuple(dict.fromkeys((*self.stages, *self.consumer)))

    @property
    def spans(self) -> list[str]:
        """The names that one try leaves, in order."""
        return [stage.span for stage in self.stages if stage.span]

    def does(self, step: Step) -> bool:
        """Whether this is one of its steps."""
        return any(stage.step is step for stage in self.all_stages)

    @property
    def shares_work(self) -> bool:
        """Whether a part of its orders' work is done once for many of them."""
        return any(self.does(step) for step in SHARED)

    @property
    def waits_for_others(self) -> bool:
        """Whether an order waits a while, so that others may be done together with it."""
        return self.does(Step.BATCH) or self.does(Step.JOURNAL)

    def flushes(self, stage: Stage) -> bool:
        """Whether the stage ends on the disk."""
        alone = stage.step is Step.PLACE and not self._in_transaction(stage)
        return alone or stage.step in FLUSHING

    def _in_transaction(self, stage: Stage) -> bool:
        steps = [one.step for one in self.stages[: self.stages.index(stage)]]
        return steps.count(Step.BEGIN) > steps.count(Step.COMMIT)

    def sending_alone(self) -> Strategy:
        """The same with a message for each order."""
        alone = {Step.LINE_UP: Step.CONNECT, Step.SEND: Step.PLACE}
        stages = tuple(Stage(stage.span, alone.get(stage.step, stage.step)) for stage in self.stages)
        return self._replace(stages=stages)


_POOL = Stage("pool", Step.CONNECT)
_LEAVE = Stage("", Step.DISCONNECT)
_BEGIN = Stage("begin", Step.BEGIN)
_READ = Stage("read_stock", Step.READ)
_LOCK = Stage("lock_row", Step.LOCK)
_PLACE = Stage("place_order", Step.PLACE)
_COMMIT = Stage("commit", Step.COMMIT)
_LINE_UP = Stage("pool", Step.LINE_UP)
_SEND = Stage("place_order", Step.SEND)
_HOLD = Stage("redis_hold", Step.HOLD)
_JOURNAL = Stage("journal", Step.JOURNAL)
_DECIDE = Stage("decide", Step.DECIDE)

_READ_AND_PLACE = (_POOL, _READ, _PLACE)
_IN_SNAPSHOT = (_POOL, _BEGIN, _READ, _PLACE, _COMMIT)
_IN_ONE_MESSAGE = (_LINE_UP, _SEND)

STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        Strategy("no_lock", Take.OVERWRITE, _READ_AND_PLACE),
        Strategy("check_then_decrement", Take.UNCHECKED, _READ_AND_PLACE),
        Strategy("conditional_update", Take.IF_ENOUGH, _IN_ONE_MESSAGE),
        Strategy("pessimistic_lock", Take.UNCHECKED, (_POOL, _BEGIN, _LOCK, _PLACE, _COMMIT)),
        Strategy("optimistic_lock", Take.IF_UNCHANGED, _READ_AND_PLACE, retries=True),
        Strategy("snapshot", Take.IF_FIRST, _IN_SNAPSHOT, retries=True),
        Strategy("serializable", Take.IF_FIRST, _IN_SNAPSHOT, retries=True),
        Strategy(
            "advisory_lock",
            Take.UNCHECKED,
            (_POOL, _BEGIN, Stage("advisory_lock", Step.LOCK_NAMES), _READ, _PLACE, _COMMIT),
        ),
        Strategy(
            "unit_rows",
            Take.UNIT_ROWS,
            (_POOL, _BEGIN, Stage("lock_row", Step.LOCK_UNITS), _PLACE, _COMMIT),
            kept_in=KeptIn.UNITS,
        ),
        Strategy("bucketed_stock", Take.FROM_BUCKETS, _IN_ONE_MESSAGE, kept_in=KeptIn.BUCKETS),
        Strategy(
            "reservation_ledger",
            Take.RESERVED,
            (_POOL, _BEGIN, _LOCK, Stage("reserve", Step.RESERVE), _COMMIT, _LEAVE, _POOL, _PLACE),
            kept_in=KeptIn.RESERVATIONS,
        ),
        Strategy(
            "redis_lock",
            Take.OVERWRITE,
            (
                _POOL,
                _BEGIN,
                Stage("redis_lock", Step.LEASE),
                _READ,
                _PLACE,
                Stage("redis_unlock", Step.UNLEASE),
                _COMMIT,
            ),
        ),
        Strategy(
            "redis_fenced_lock",
            Take.IF_FENCED,
            (
                Stage("redis_lock", Step.LEASE_FENCED),
                _POOL,
                Stage("read_stock", Step.READ_FENCED),
                _PLACE,
                _LEAVE,
                Stage("redis_unlock", Step.UNLEASE),
            ),
            retries=True,
        ),
        Strategy(
            "redis_hold",
            Take.IF_ENOUGH,
            (_HOLD, *_IN_ONE_MESSAGE, Stage("redis_confirm", Step.CONFIRM)),
        ),
        Strategy(
            "redis_queue",
            Take.UNCHECKED,
            (_HOLD, _JOURNAL, Stage("redis_enqueue", Step.ENQUEUE)),
            consumer=(Stage("read", Step.READ_STREAM), _DECIDE, Stage("settle", Step.SETTLE)),
        ),
        Strategy(
            "single_writer",
            Take.UNCHECKED,
            (_JOURNAL,),
            consumer=(Stage("read", Step.READ_INTAKE), _DECIDE),
        ),
        Strategy("micro_batch", Take.UNCHECKED, (Stage("batch", Step.BATCH),)),
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
