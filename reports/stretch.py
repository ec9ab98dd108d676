"""The orders of a run, its busiest stretch, and the spans of what was taken in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scenarios.history import Outcome

_CLOCK_S = 1e-3  # two answers closer than this are not told apart


@dataclass(frozen=True)
class Stretch:
    """The shortest time that holds half of some moments: a shorth, which no lull or tail dilutes."""

    begin_s: float
    end_s: float
    holds: int  # so many of the moments
    per_s: float  # their rate within

    @classmethod
    def of(cls, moments_s: NDArray[np.float64]) -> Self:
        """`moments_s`: at least two, in any order."""
        moments = np.sort(moments_s)
        half = max(2, math.ceil(len(moments) / 2))
        lengths = moments[half - 1 :] - moments[: len(moments) - half + 1]
        first = int(np.argmin(lengths))
        length_s = max(float(lengths[first]), _CLOCK_S)
        begin_s = float(moments[first])
        return cls(begin_s, begin_s + length_s, half, (half - 1) / length_s)

    def of_those(self, attempts: pl.DataFrame) -> pl.DataFrame:
        """The attempts that were answered within."""
        return attempts.filter(pl.col("done_s").is_between(self.begin_s, self.end_s))


def purchases(history: pl.DataFrame) -> pl.DataFrame:
    """The first answer to each order that was acknowledged: a kept answer is not a second order."""
    bought = history.filter(pl.col("outcome") == Outcome.BOUGHT).sort("done_s")
    return bought.unique(["shopper", "key"], keep="first", maintain_order=True)


def spans_of(attempts: pl.DataFrame, *keep: str) -> pl.DataFrame:
    """One row for each span of the attempts: `outcome`, `name`, `ms`, and what to `keep` of the attempt.

    In the order of the system's steps.
    """
    spans = attempts.select(*keep, "outcome", "spans").explode("spans").unnest("spans")
    return spans.drop_nulls("name")


def mean_spans_ms(orders: pl.DataFrame) -> dict[str, float]:
    """The mean time that an order spent in each of its spans."""
    totals = spans_of(orders).group_by("name", maintain_order=True).agg(pl.col("ms").sum() / len(orders))
    return dict(totals.iter_rows())
