"""The record of a run as tables to hold against each other: what was asked, and what the books say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl
from pydantic import BaseModel

from scenarios.books import Books
from scenarios.record import Record

KEY = ["shopper", "key"]

_SHOPPER = {"shopper": pl.Int32()}
_KEY = {**_SHOPPER, "key": pl.String()}
_STOCK = {
    "sku": pl.String(),
    **dict.fromkeys(("initial", "restocked", "available", "reserved", "redis_available"), pl.Int64()),
}
_ORDERS = {
    "order_id": pl.String(),
    **_KEY,
    "state": pl.String(),
    "total_won": pl.Int64(),
    "placed_s": pl.Float64(),
}
_LINES = {"order_id": pl.String(), "sku": pl.String(), "quantity": pl.Int64(), "price_won": pl.Int64()}
_WALLETS = {
    **_SHOPPER,
    **dict.fromkeys(("opening_won", "balance_won", "ledger_won", "charged_won"), pl.Int64()),
}
_KEYS = {**_KEY, "order_id": pl.String()}
_DECISIONS = {**_KEY, "status": pl.Int16(), "code": pl.String()}

_MS = pl.col("spans").list.eval(pl.element().struct.field("ms"))
_WAITS_FIRST = pl.col("spans").list.first().struct.field("name") == "pool"
_WORKED_S = (_MS.list.sum() - pl.when(_WAITS_FIRST).then(_MS.list.first()).otherwise(0.0)) / 1000


@dataclass(frozen=True)
class Evidence:
    """Tables of one record. A line is one SKU of an order or of an attempt, with its `quantity`."""

    record: Record

    @property
    def _books(self) -> Books:
        return self.record.books

    @cached_property
    def attempts(self) -> pl.DataFrame:
        """The attempts to order, numbered in `row` by the time they were sent.

        `worked_s`: the time in their spans, but for a first wait for a connection.
        """
        orders = self.record.history.filter(pl.col("operation") == "order")
        worked = orders.with_columns(worked_s=_WORKED_S).drop("spans")
        return worked.sort("sent_s", maintain_order=True).with_row_index("row")

    @cached_property
    def asked(self) -> pl.DataFrame:
        """The lines of the attempts, each beside its attempt's other columns."""
        lines = self.attempts.explode("skus", "quantities")
        return lines.rename({"skus": "sku", "quantities": "quantity"})

    @cached_property
    def orders(self) -> pl.DataFrame:
        """The orders of the books, in their order; `sent_s`: when their key was first sent, null if never."""
        first_sent = self.attempts.group_by(KEY).agg(pl.col("sent_s").min())
        orders = _table(self._books.orders, _ORDERS)
        return orders.join(first_sent, on=KEY, how="left", maintain_order="left")

    @cached_property
    def lines(self) -> pl.DataFrame:
        """The lines of the orders, in the order of the books, each beside its order's other columns."""
        rows = [
            (order.order_id, line.sku, line.quantity, line.price_won)
            for order in self._books.orders
            for line in order.lines
        ]
        lines = pl.DataFrame(rows, schema=_LINES, orient="row")
        orders = self.orders.unique("order_id", keep="first", maintain_order=True)
        return lines.join(orders, on="order_id", how="left", maintain_order="left")

    @cached_property
    def log(self) -> pl.DataFrame:
        """The lines in the order in which they were placed; `so_far`: units of the SKU sold with them."""
        so_far = pl.col("quantity").cum_sum().over("sku")
        return self.lines.sort("placed_s", maintain_order=True).with_columns(so_far=so_far)

    @cached_property
    def stock(self) -> pl.DataFrame:
        """The stock of each SKU; `stock`: all there was to sell, `sold`: units in the lines of the orders."""
        sold = self.lines.group_by("sku").agg(sold=pl.col("quantity").sum())
        stock = _table(self._books.stock, _STOCK).join(sold, on="sku", how="full", coalesce=True).sort("sku")
        return stock.with_columns(
            pl.col("initial", "restocked", "available", "reserved", "sold").fill_null(0)
        ).with_columns(stock=pl.col("initial") + pl.col("restocked"))

    @cached_property
    def wallets(self) -> pl.DataFrame:
        """The wallets; `spent_won`: the orders of their shopper."""
        spent = self.orders.group_by("shopper").agg(spent_won=pl.col("total_won").sum())
        columns = dict(self._books.wallets)
        columns["charged_won"] = columns["charged_won"] or (0,) * len(columns["shopper"])
        wallets = pl.DataFrame(columns, schema=_WALLETS)
        beside = wallets.join(spent, on="shopper", how="full", coalesce=True)
        return beside.sort("shopper").with_columns(pl.col("spent_won").fill_null(0))

    @cached_property
    def keys(self) -> pl.DataFrame:
        """The kept answers: `shopper`, `key`, `order_id`."""
        return _table(self._books.keys, _KEYS)

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """What became of queued orders: `shopper`, `key`, `status`, `code`."""
        return _table(self._books.decisions, _DECISIONS)

    @cached_property
    def intake(self) -> pl.DataFrame:
        """Queued orders that are not decided: `shopper`, `key`."""
        return _table(self._books.intake, _KEY)


def _table(rows: Sequence[BaseModel], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame({name: [getattr(row, name) for row in rows] for name in schema}, schema=schema)


def counted(orders: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The first order of each group, and how many `times` the group is there."""
    return orders.group_by(by, maintain_order=True).agg(pl.all().first(), pl.len().alias("times"))


def contents(lines: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The lines of each cart as one text, such as `2 x shoe-270 + 1 x shoe-280`, in the order of the SKUs."""
    each = pl.format("{} x {}", "quantity", "sku")
    return lines.sort("sku").group_by(by).agg(each.str.join(" + ").alias("contents"))
