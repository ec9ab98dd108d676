"""Tables of the catalogue. Prices live apart from stock: nobody who reads a price meets the hot row."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Table, Text

from system.platform.tables import metadata

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("price_won", BigInteger, nullable=False),
    CheckConstraint("price_won > 0", name="price_is_positive"),
)

skus = Table(
    "skus",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("product_id", Text, ForeignKey("products.id"), nullable=False),
    Column("size", Text, nullable=False),
    Column("price_won", BigInteger, nullable=False),
    Column("most_each", BigInteger),
    CheckConstraint("price_won > 0", name="price_is_positive"),
    CheckConstraint("most_each > 0", name="limit_is_positive"),
)
