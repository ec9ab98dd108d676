"""Tables of the orders: placed, accepted, decided."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

from system.platform.tables import metadata

orders = Table(
    "orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("shopper", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("total_won", BigInteger, nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    CheckConstraint("state IN ('paid')", name="state_is_known"),
    Index("orders_by_shopper", "shopper", "id"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Uuid, ForeignKey("orders.id"), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("price_won", BigInteger, nullable=False),
    CheckConstraint("quantity > 0", name="quantity_is_positive"),
)

shopper_units = Table(
    "shopper_units",
    metadata,
    Column("sku", Text, ForeignKey("skus.sku"), primary_key=True),
    Column("shopper", BigInteger, primary_key=True, autoincrement=False),
    Column("units", BigInteger, nullable=False),
)

intake = Table(
    "intake",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("shopper", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("skus", ARRAY(Text), nullable=False),
    Column("quantities", ARRAY(BigInteger), nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("shopper", "key"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("shopper", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("shopper", "key"),
)
