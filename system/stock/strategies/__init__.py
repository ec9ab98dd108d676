"""The strategies by name. Adding one is a module here and a line below."""

from __future__ import annotations

import difflib

from system.stock.port import Strategy
from system.stock.strategies.conditional_update import ConditionalUpdate
from system.stock.strategies.no_lock import NoLock
from system.stock.strategies.optimistic_lock import OptimisticLock
from system.stock.strategies.pessimistic_lock import PessimisticLock
from system.stock.strategies.redis_hold import RedisHold

STRATEGIES: dict[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (NoLock, ConditionalUpdate, PessimisticLock, OptimisticLock, RedisHold)
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
