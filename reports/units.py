"""What became of the stock: sold, sold twice, left over, and denied to somebody who could have had it."""

from __future__ import annotations

import polars as pl

from reports.evidence import KEY, Evidence
from reports.shapes import Units
from scenarios.history import Outcome


def units(evidence: Evidence) -> Units:
    """The units of all SKUs together."""
    stock = evidence.stock
    beyond = (stock["sold"] - stock["stock"]).clip(lower_bound=0)
    return Units(
        stock=stock["stock"].sum(),
        sold=stock["sold"].sum(),
        oversold=beyond.sum(),
        undersold=_undersold(evidence),
        false_sold_out=_false_sold_out(evidence),
    )


def _undersold(evidence: Evidence) -> int:
    """Units left at rest, as many as were asked for by those who were told that all is sold.

    A refusal counts where each of its lines could be had from what is left of the initial stock; the moment
    of a restock is not known, so it may have come after the refusal.
    """
    left = evidence.stock.select(
        "sku",
        left=(pl.col("stock") - pl.col("sold")).clip(lower_bound=0),
        always_left=pl.col("initial") - pl.col("sold"),
    )
    refused = _told_sold_out(evidence).join(left, on="sku")
    wanting = refused.filter((pl.col("quantity") <= pl.col("always_left")).all().over("row"))
    by_sku = wanting.group_by("sku").agg(pl.col("quantity").sum(), pl.col("left").first())
    return int(by_sku.select(pl.min_horizontal("quantity", "left").sum()).item())


def _false_sold_out(evidence: Evidence) -> int:
    """Attempts told sold out each of whose lines could still be had.

    That is, as many units of its SKU were booked in one order that was begun after that answer, or were left
    at rest.
    """
    left = evidence.stock.filter(pl.col("restocked") == 0).select(
        "sku", left=(pl.col("stock") - pl.col("sold")).clip(lower_bound=0)
    )
    refused = _told_sold_out(evidence).join(left, on="sku", how="left").sort("done_s")
    later = (
        _begun(evidence)
        .sort("begun_s", descending=True)
        .select("sku", "begun_s", largest_later=pl.col("quantity").cum_max().over("sku"))
        .sort("begun_s")
    )
    found = refused.join_asof(
        later,
        left_on="done_s",
        right_on="begun_s",
        by="sku",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    to_be_had = pl.max_horizontal("left", pl.col("largest_later").fill_null(0))
    could = (pl.col("left").is_not_null() & (pl.col("quantity") <= to_be_had)).all().over("row")
    return found.filter(could)["row"].n_unique()


def _begun(evidence: Evidence) -> pl.DataFrame:
    """The lines of the orders; `begun_s`: when work on them can have begun, at the earliest.

    That is when they were sent; or, where the answer came with the order, when it was placed less the time in
    its spans: until then it waited for a connection, and held nothing.
    """
    took = evidence.attempts.filter(
        pl.col("outcome") == Outcome.BOUGHT, ~pl.col("replayed"), pl.col("acknowledged_s").is_null()
    )
    worked = took.group_by(KEY).agg(pl.col("worked_s").max())
    lines = evidence.lines.drop_nulls("sent_s").join(worked, on=KEY, how="left", maintain_order="left")
    served_s = pl.col("placed_s") - pl.col("worked_s")
    return lines.with_columns(begun_s=pl.max_horizontal("sent_s", served_s))


def _told_sold_out(evidence: Evidence) -> pl.DataFrame:
    """The lines of the attempts that were told that all is sold."""
    return evidence.asked.filter(pl.col("outcome") == Outcome.SOLD_OUT)
