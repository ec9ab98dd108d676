"""Where units are counted: one row a SKU, the row that everybody wants at the release, or its substitutes."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from system.platform.tables import metadata


class KeptIn(StrEnum):
    """Where the units of a SKU are counted (`stock.kept_in`)."""

    ROW = "row"
    BUCKETS = "buckets"
    UNITS = "units"
    RESERVATIONS = "reservations"


stock = Table(
    "stock",
    metadata,
    Column("sku", Text, ForeignKey("skus.sku"), primary_key=True),
    Column("initial", BigInteger, nullable=False),
    Column("restocked", BigInteger, nullable=False, server_default="0"),
    Column("available", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("kept_in", Text, nullable=False, server_default=KeptIn.ROW),
    Column("reopens_until", DateTime(timezone=True), nullable=False, server_default="-infinity"),
    CheckConstraint("available >= 0", name="available_is_not_negative"),
    CheckConstraint("kept_in IN ('row', 'buckets', 'units', 'reservations')", name="place_is_known"),
)

stock_buckets = Table(
    "stock_buckets",
    metadata,
    Column("sku", Text, ForeignKey("stock.sku"), primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("available", BigInteger, nullable=False),
    CheckConstraint("available >= 0", name="bucket_is_not_negative"),
)

units = Table(
    "units",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("sku", Text, ForeignKey("stock.sku"), nullable=False),
    Column("order_id", Uuid),
    Index("unsold_units", "sku", "id", postgresql_where=text("order_id IS NULL")),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("hold", Uuid, nullable=False),
    Column("sku", Text, ForeignKey("stock.sku"), nullable=False),
    Column("shopper", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("state IN ('held', 'sold')", name="reservation_state_is_known"),
    Index("reservations_by_sku", "sku", postgresql_include=["units", "state", "expires_at"]),
    Index("reservations_by_order", "shopper", "key", postgresql_where=text("state = 'held'")),
)
