"""What happened around a moment of a run, so that an engineer can see how it came to a violation."""

from __future__ import annotations

import polars as pl

from reports.evidence import KEY, Evidence
from reports.violations import Operation, Scene

_ORDERS_EITHER_SIDE = 4
_OTHERS = 4


def scene(evidence: Evidence, sku: str, order_id: str, at_s: float) -> Scene:
    """Who was after `sku` when the order was placed at `at_s`: the orders next to it in the log, and others.

    The others are attempts under way at that moment that came to no order, those answered next after it.
    """
    asked = evidence.asked.filter(pl.col("sku") == sku)
    placed = evidence.log.filter(pl.col("sku") == sku).select(
        *KEY, "order_id", "placed_s", "so_far", units="quantity"
    )
    under_way = asked.filter(pl.col("sent_s") <= at_s, pl.col("done_s") >= at_s)
    told = dict(under_way["outcome"].value_counts(sort=True).iter_rows())
    near = _neighbours(placed, order_id)
    orders = near.join(_request_of(near, asked), on="order_id", how="left")
    others = under_way.join(placed, on=KEY, how="anti").sort("done_s").head(_OTHERS)
    around = pl.concat([orders.select(_of_orders()), others.select(_of_others())])
    by_effect = around.sort(pl.coalesce("placed_s", "done_s"), maintain_order=True)
    return Scene(told, tuple(Operation.model_validate(row) for row in by_effect.rows(named=True)))


def _neighbours(placed: pl.DataFrame, order_id: str) -> pl.DataFrame:
    """The order, and those just before and after it in the log of its SKU."""
    place = placed["order_id"].index_of(order_id) or 0
    first = max(place - _ORDERS_EITHER_SIDE, 0)
    return placed.slice(first, place - first + _ORDERS_EITHER_SIDE + 1)


def _request_of(orders: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Of the attempts with an order's key, the one last sent before it was placed, or else the first."""
    attempts = orders.select(*KEY, "order_id", "placed_s").join(asked.drop("order_id"), on=KEY)
    too_late = (pl.col("sent_s") > pl.col("placed_s")).cast(pl.Int8)
    best_first = attempts.sort(too_late, (pl.col("sent_s") - pl.col("placed_s")).abs())
    facts = best_first.select("order_id", "sent_s", "done_s", "outcome")
    return facts.unique("order_id", keep="first", maintain_order=True)


def _of_orders() -> list[pl.Expr]:
    return [
        *(pl.col(name) for name in ("shopper", "key")),
        pl.col("units").alias("quantity"),
        *(pl.col(name) for name in ("sent_s", "placed_s", "so_far", "done_s")),
        pl.col("outcome").alias("told"),
        pl.col("order_id"),
    ]


def _of_others() -> list[pl.Expr]:
    return [
        *(pl.col(name) for name in ("shopper", "key", "quantity", "sent_s")),
        pl.lit(None, pl.Float64).alias("placed_s"),
        pl.lit(None, pl.Int64).alias("so_far"),
        pl.col("done_s"),
        pl.col("outcome").alias("told"),
        pl.lit(None, pl.String).alias("order_id"),
    ]
