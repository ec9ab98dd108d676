"""The use cases of wallets."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from system.orders.model import fingerprint
from system.platform.database import Database
from system.platform.refusals import meaning_of
from system.wallets import queries
from system.wallets.queries import LedgerEntry, Wallet


class Wallets:
    """Charges and reads wallets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def charge(self, shopper: int, key: str, amount_won: int) -> tuple[str, bool]:
        """Put money in, once for each key. Returns the answer, and whether it was kept from earlier.

        Raises:
            KeyInProgress, KeyReused: the key belongs to another request.
        """
        async with self._database.transaction() as connection:
            try:
                kept = await queries.claim_key(connection, shopper, key, fingerprint("charge", amount_won))
            except DBAPIError as error:
                raise meaning_of(error) from None
            if kept is not None:
                return kept, True
            wallet = await queries.add(connection, shopper, amount_won)
            answer = wallet.model_dump_json()
            await queries.keep_answer(connection, shopper, key, answer)
            return answer, False

    async def balance(self, shopper: int) -> Wallet:
        """What `shopper` holds."""
        async with self._database.reading() as connection:
            return await queries.balance(connection, shopper)

    async def ledger(self, shopper: int) -> list[LedgerEntry]:
        """The newest entries of the shopper's ledger."""
        async with self._database.reading() as connection:
            return await queries.entries(connection, shopper)
