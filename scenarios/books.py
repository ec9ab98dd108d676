"""The books of a run: the final state of PostgreSQL and Redis after the drain, or of the model."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Whole = Annotated[int, Field(ge=-(2**62), lt=2**62)]
"""A number of units or won; no sum of a few leaves 64 bits."""
Shopper = Annotated[int, Field(ge=0, lt=2**31)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StockRow(_Row):
    """Units of one SKU. `redis_available` is None where Redis takes no part in the strategy."""

    sku: str
    initial: Whole
    restocked: Whole
    available: Whole
    reserved: Whole
    redis_available: Whole | None


class BookedLine(_Row):
    """One line of an order, priced in won."""

    sku: str
    quantity: Whole
    price_won: Whole


class BookedOrder(_Row):
    """An order as the database has it. `placed_s`: seconds since the run began."""

    order_id: str
    shopper: Shopper
    key: str
    state: str
    total_won: Whole
    placed_s: float
    lines: tuple[BookedLine, ...]


class Wallets(_Row):
    """The shoppers' money: what each opened with, what it holds, and the sum of its ledger since.

    `charged_won` is what of the ledger are charges; empty: nobody could charge. There is a wallet for each
    shopper of the crowd, so they are columns of equal length, not rows.
    """

    shopper: tuple[Shopper, ...]
    opening_won: tuple[Whole, ...]
    balance_won: tuple[Whole, ...]
    ledger_won: tuple[Whole, ...]
    charged_won: tuple[Whole, ...] = ()

    @model_validator(mode="after")
    def _has_columns_of_one_length(self) -> Self:
        columns = {name: len(column) for name, column in self if column or name != "charged_won"}
        if len(set(columns.values())) > 1:
            lengths = ", ".join(f"{name} {length}" for name, length in columns.items())
            raise ValueError(f"columns of different lengths ({lengths}); expected as many of each")
        return self


class KeyRow(_Row):
    """A kept answer: the order that an idempotency key stands for."""

    shopper: Shopper
    key: str
    order_id: str


class DecisionRow(_Row):
    """What became of a queued order, the last time it was queued: 201, or a refusal with its code."""

    shopper: Shopper
    key: str
    status: Annotated[int, Field(ge=100, le=599)]  # as a direct answer would have had
    code: str  # of the refusal's problem; empty where there is an order


class IntakeRow(_Row):
    """An order that was accepted into the queue and is not decided yet."""

    shopper: Shopper
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
