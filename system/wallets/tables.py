"""Tables of the wallets. A balance is always its opening plus the sum of its ledger."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Index, Table, Text, Uuid, func

from system.platform.tables import metadata

wallets = Table(
    "wallets",
    metadata,
    Column("shopper", BigInteger, primary_key=True, autoincrement=False),
    Column("opening_won", BigInteger, nullable=False),
    Column("balance_won", BigInteger, nullable=False),
    CheckConstraint("balance_won >= 0", name="balance_is_not_negative"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("shopper", BigInteger, nullable=False),
    Column("amount_won", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_id", Uuid),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    CheckConstraint("kind IN ('charge', 'order')", name="kind_is_known"),
    Index("ledger_by_shopper", "shopper", "id"),
)
