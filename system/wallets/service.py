"""The use cases of wallets."""

from __future__ import annotations

from system.checkout.idempotency import Answer, fingerprint, once
from system.platform.database import Database
from system.wallets import queries
from system.wallets.queries import LedgerEntry, Wallet


class Wallets:
    """Charges and reads wallets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def charge(self, shopper: int, key: str, amount_won: int) -> Answer:
        """Put money in, once for each key.

        Raises:
            KeyInProgress, KeyReused: the key belongs to another request.
        """
        async with self._database.transaction() as connection:

            async def add() -> str:
                return (await queries.add(connection, shopper, amount_won)).model_dump_json()

            return await once(connection, shopper, key, fingerprint("charge", amount_won), add)

    async def balance(self, shopper: int) -> Wallet:
        """What `shopper` holds."""
        async with self._database.reading() as connection:
            return await queries.balance(connection, shopper)

    async def ledger(self, shopper: int) -> list[LedgerEntry]:
        """The newest entries of the shopper's ledger."""
        async with self._database.reading() as connection:
            return await queries.entries(connection, shopper)
