"""The books of a run: the final state of PostgreSQL and Redis after the drain, or of the model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StockRow(_Row):
    """Units of one SKU. `redis_available` is None where Redis takes no part in the strategy."""

    sku: str
    initial: int
    restocked: int
    available: int
    reserved: int
    redis_available: int | None


class BookedLine(_Row):
    """One line of an order, priced in won."""

    sku: str
    quantity: int
    price_won: int


class BookedOrder(_Row):
    """An order as the database has it. `placed_s`: seconds since the run began."""

    order_id: str
    shopper: int
    key: str
    state: str
    total_won: int
    placed_s: float
    lines: tuple[BookedLine, ...]


class Wallets(_Row):
    """The shoppers' money: what each opened with, what it holds, and the sum of its ledger since.

    `charged_won` is what of the ledger are charges; empty: nobody could charge. There is a wallet for each
    shopper of the crowd, so they are columns of equal length, not rows.
    """

    shopper: tuple[int, ...]
    opening_won: tuple[int, ...]
    balance_won: tuple[int, ...]
    ledger_won: tuple[int, ...]
    charged_won: tuple[int, ...] = ()


class KeyRow(_Row):
    """A kept answer: the order that an idempotency key stands for."""

    shopper: int
    key: str
    order_id: str


class DecisionRow(_Row):
    """What became of a queued order, the last time it was queued: 201, or a refusal with its code."""

    shopper: int
    key: str
    status: int  # as a direct answer would have had
    code: str  # of the refusal's problem; empty where there is an order


class IntakeRow(_Row):
    """An order that was accepted into the queue and is not decided yet."""

    shopper: int
    key: str


class Books(_Row):
    """Everything the audit holds against the history. Orders are in the order they were placed.

    Only queued strategies have `decisions`; at rest the `intake` is empty.
    """

    stock: tuple[StockRow, ...]
    orders: tuple[BookedOrder, ...]
    wallets: Wallets
    keys: tuple[KeyRow, ...]
    decisions: tuple[DecisionRow, ...] = ()
    intake: tuple[IntakeRow, ...] = ()
