"""Sums up to a moment: what of a table had begun, had come to its end, or was under way by then."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from scenarios.history import Outcome

_MAY_GO_ON = [Outcome.UNKNOWN, Outcome.QUEUED]


def released_s() -> pl.Expr:
    """Until when an attempt may have held units or locks: until its answer, or for ever where nobody saw it.

    A queued order is told what was decided before what it held is given back: nobody sees that either.
    """
    unseen = pl.col("outcome").is_in(_MAY_GO_ON) | pl.col("acknowledged_s").is_not_null()
    return pl.when(unseen).then(float("inf")).otherwise("done_s")


def until(
    rows: pl.DataFrame,
    of: str,
    at: str,
    moments: pl.DataFrame,
    moment: str,
    *,
    by: Sequence[str],
    before: bool = False,
) -> pl.Series:
    """For each row of `moments`: the sum of `of` in those `rows` alike in `by` whose `at` is not after it.

    Args:
        before: whether `at` must be earlier than the moment.
    """
    if moments.is_empty():
        return pl.Series("total", [], rows.schema[of])  # most runs have no such moments, and many rows
    running = rows.group_by(*by, pl.col(at).alias("until")).agg(pl.col(of).sum()).sort("until")
    running = running.select(*by, "until", total=pl.col(of).cum_sum().over(by))
    asked = moments.select(*by, pl.col(moment).alias("until")).with_row_index("nth").sort("until")
    summed = asked.join_asof(
        running, on="until", by=list(by), allow_exact_matches=not before, check_sortedness=False
    )
    return summed.sort("nth")["total"].fill_null(0)


def under_way(rows: pl.DataFrame, of: str, moments: pl.DataFrame, *, by: Sequence[str]) -> pl.Series:
    """For each row of `moments`: the sum of `of` in `rows` that were under way while it was.

    That is between `sent_s` and `released_s` of the rows, and `sent_s` and `done_s` of the moments.
    """
    begun = until(rows, of, "sent_s", moments, "done_s", by=by)
    return begun - until(rows, of, "released_s", moments, "sent_s", by=by, before=True)
