"""The strategies by name. Adding one is a module here and a line below."""

from __future__ import annotations

import difflib

from system.stock.port import Strategy
from system.stock.strategies.advisory_lock import AdvisoryLock
from system.stock.strategies.bucketed_stock import BucketedStock
from system.stock.strategies.check_then_decrement import CheckThenDecrement
from system.stock.strategies.conditional_update import ConditionalUpdate
from system.stock.strategies.micro_batch import MicroBatch
from system.stock.strategies.no_lock import NoLock
from system.stock.strategies.optimistic_lock import OptimisticLock
from system.stock.strategies.pessimistic_lock import PessimisticLock
from system.stock.strategies.redis_fenced_lock import RedisFencedLock
from system.stock.strategies.redis_hold import RedisHold
from system.stock.strategies.redis_lock import RedisLock
from system.stock.strategies.redis_queue import RedisQueue
from system.stock.strategies.reservation_ledger import ReservationLedger
from system.stock.strategies.serializable import Serializable
from system.stock.strategies.single_writer import SingleWriter
from system.stock.strategies.snapshot import Snapshot
from system.stock.strategies.unit_rows import UnitRows

STRATEGIES: dict[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (
        NoLock,
        CheckThenDecrement,
        ConditionalUpdate,
        PessimisticLock,
        OptimisticLock,
        Snapshot,
        Serializable,
        AdvisoryLock,
        UnitRows,
        BucketedStock,
        ReservationLedger,
        RedisLock,
        RedisFencedLock,
        RedisHold,
        RedisQueue,
        SingleWriter,
        MicroBatch,
    )
}


def strategy_named(name: str) -> Strategy:
    """The strategy called `name`.

    Raises:
        ValueError: there is none; the text names the nearest.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]()
    nearest = difflib.get_close_matches(name, STRATEGIES, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise ValueError(f"strategy {name!r} does not exist; {hint}there are: {', '.join(STRATEGIES)}")
