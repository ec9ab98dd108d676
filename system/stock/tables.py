"""The stock table: one row a SKU, the row that everybody wants at the release."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Table, Text

from system.platform.tables import metadata

stock = Table(
    "stock",
    metadata,
    Column("sku", Text, ForeignKey("skus.sku"), primary_key=True),
    Column("initial", BigInteger, nullable=False),
    Column("restocked", BigInteger, nullable=False, server_default="0"),
    Column("available", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("available >= 0", name="available_is_not_negative"),
)
