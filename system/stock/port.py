"""The Stock port: what a locking strategy is given, and what it must give back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import ClassVar

from system.orders.model import Order
from system.stock.shop import Placed, Shop


class Ack(StrEnum):
    """What a success means: the order is committed, or it is queued to be decided later."""

    COMMITTED = "committed"
    QUEUED = "queued"


class Strategy(ABC):
    """One way to take stock. Its module reads like its paragraph in a textbook.

    `safe`: no interleaving oversells. The others are controls, wrong on purpose.
    """

    name: ClassVar[str]
    safe: ClassVar[bool]
    ack: ClassVar[Ack]

    @abstractmethod
    async def place(self, order: Order, shop: Shop) -> Placed:
        """Take the stock of `order` and record it, or leave everything as it was.

        Raises:
            SoldOut, UnknownSku, InsufficientFunds: the order cannot be had.
            KeyInProgress, KeyReused: its key belongs to another request.
            Conflict: others got in between too often or held a lock for too long.
        """
