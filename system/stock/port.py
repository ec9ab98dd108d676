"""The Stock port: what a locking strategy is given, and what it must give back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import ClassVar

from system.orders.model import Order, Placed, Queued
from system.settings import Isolation
from system.stock.shop import Shop
from system.stock.tables import KeptIn


class Ack(StrEnum):
    """What a success means: the order is committed, or it is queued to be decided later."""

    COMMITTED = "committed"
    QUEUED = "queued"


class RedisRole(StrEnum):
    """What a strategy uses Redis for."""

    NONE = "none"
    LOCK = "lock"
    STOCK = "stock"


class Strategy(ABC):
    """One way to take stock. Its module reads like its paragraph in a textbook.

    `safe`: no interleaving oversells. The others are controls, wrong on purpose.
    `exact`: "sold out" is only said when the units are gone, not when others may be about to give them back.
    `isolation`: what its transactions need. `kept_in`: where it counts units.
    `backstops`: whether the schema may forbid what it does wrong (`CHECK (available >= 0)`).
    """

    name: ClassVar[str]
    safe: ClassVar[bool] = True
    ack: ClassVar[Ack] = Ack.COMMITTED
    exact: ClassVar[bool] = True
    redis: ClassVar[RedisRole] = RedisRole.NONE
    isolation: ClassVar[Isolation] = "read committed"
    kept_in: ClassVar[KeptIn] = KeptIn.ROW
    backstops: ClassVar[bool] = True

    @abstractmethod
    async def place(self, order: Order, shop: Shop) -> Placed | Queued:
        """Take the stock of `order` and record it, or leave everything as it was.

        Raises:
            SoldOut, UnknownSku, LimitReached, InsufficientFunds: the order cannot be had.
            KeyInProgress, KeyReused: its key belongs to another request.
            Conflict: others got in between too often or held a lock for too long.
        """
