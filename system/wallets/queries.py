"""Statements on wallets and their ledger."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from system.wallets.tables import ledger, wallets

NEWEST = 100


class Wallet(BaseModel):
    """A shopper's balance in won."""

    shopper: int
    balance_won: int


class LedgerEntry(BaseModel):
    """One change of a balance: charges are positive, orders negative."""

    amount_won: int
    kind: str
    at: datetime


async def balance(connection: AsyncConnection, shopper: int) -> Wallet:
    """The wallet of `shopper`; one who never charged has nothing in it."""
    found = await connection.scalar(select(wallets.c.balance_won).where(wallets.c.shopper == shopper))
    return Wallet(shopper=shopper, balance_won=found or 0)


async def entries(connection: AsyncConnection, shopper: int) -> list[LedgerEntry]:
    """The newest `NEWEST` ledger entries, newest first."""
    statement = (
        select(ledger.c.amount_won, ledger.c.kind, ledger.c.at)
        .where(ledger.c.shopper == shopper)
        .order_by(ledger.c.id.desc())
        .limit(NEWEST)
    )
    return [LedgerEntry.model_validate(dict(row)) for row in (await connection.execute(statement)).mappings()]


async def add(connection: AsyncConnection, shopper: int, amount_won: int) -> Wallet:
    """Put `amount_won` into the wallet, which is opened if there is none, and into the ledger."""
    opened = insert(wallets).values(shopper=shopper, opening_won=0, balance_won=amount_won)
    statement = opened.on_conflict_do_update(
        index_elements=[wallets.c.shopper],
        set_={"balance_won": wallets.c.balance_won + opened.excluded.balance_won},
    ).returning(wallets.c.balance_won)
    new_balance = (await connection.execute(statement)).scalar_one()
    await connection.execute(insert(ledger).values(shopper=shopper, amount_won=amount_won, kind="charge"))
    return Wallet(shopper=shopper, balance_won=new_balance)
