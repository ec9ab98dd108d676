"""The history of a run: one row per attempt, the same columns whether measured or predicted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scenarios.files import whole


class Outcome(StrEnum):
    """How an attempt ended, as its shopper saw it."""

    BOUGHT = "bought"
    QUEUED = "queued"
    SOLD_OUT = "sold_out"
    REFUSED = "refused"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    BROWSED = "browsed"


SPAN = pl.Struct({"name": pl.String(), "ms": pl.Float64()})

SCHEMA = pl.Schema(
    {
        "arrival": pl.Int32(),  # index into the scenario's arrivals; names the journey
        "attempt": pl.Int16(),  # 0 for the first attempt of an operation in the journey, then 1, 2, ...
        "operation": pl.String(),  # browse | order
        "shopper": pl.Int32(),
        "bot": pl.Boolean(),
        "key": pl.String(),  # the idempotency key; empty for browse
        "skus": pl.List(pl.String()),
        "quantities": pl.List(pl.Int64()),
        "intended_s": pl.Float64(),  # when the shopper meant to send; seconds since the run began
        "sent_s": pl.Float64(),  # when the generator did send
        "acknowledged_s": pl.Float64(),  # when a 202 said that the order is queued; null where none came
        "done_s": pl.Float64(),  # when the final answer was there, or the patience used up
        "outcome": pl.String(),  # a value of Outcome
        "status": pl.Int16(),  # HTTP status; 0 when no answer came
        "code": pl.String(),  # problem+json `code`; empty on success
        "order_id": pl.String(),  # as acknowledged; empty when there is none
        "total_won": pl.Int64(),  # as acknowledged; 0 when there is none
        "replayed": pl.Boolean(),  # the stored answer of an earlier attempt with the same key
        "spans": pl.List(SPAN),  # Server-Timing, in the order the server reports
    }
)


_MOMENTS = ("intended_s", "sent_s", "acknowledged_s", "done_s")
_OPERATIONS = ("browse", "order")
_SPANS_MS = pl.col("spans").list.eval(pl.element().struct.field("ms").fill_null(math.nan))


@dataclass(slots=True)
class Attempt:
    """One row of the history; the columns and their units are those of `SCHEMA`."""

    arrival: int
    attempt: int
    operation: str
    shopper: int
    bot: bool
    key: str
    skus: list[str]
    quantities: list[int]
    intended_s: float
    sent_s: float
    done_s: float
    outcome: Outcome
    status: int = 0
    code: str = ""
    order_id: str = ""
    total_won: int = 0
    replayed: bool = False
    acknowledged_s: float | None = None
    spans: list[tuple[str, float]] = field(default_factory=list)


def frame(attempts: Iterable[Attempt]) -> pl.DataFrame:
    """The attempts as a table with `SCHEMA`, sorted by `intended_s`."""
    rows = list(attempts)
    spans = [[{"name": name, "ms": ms} for name, ms in row.spans] for row in rows]
    columns = {
        name: _column(spans if name == "spans" else [getattr(row, name) for row in rows], dtype)
        for name, dtype in SCHEMA.items()
    }
    return pl.DataFrame(columns).sort("intended_s", maintain_order=True)


def _column(values: list[Any], dtype: pl.DataType) -> pl.Series:
    return _lists(values, dtype) if isinstance(dtype, pl.List) else pl.Series(values, dtype=dtype)


def _lists(rows: list[Sequence[Any]], dtype: pl.List) -> pl.Series:
    items = pl.Series("items", [item for row in rows for item in row], dtype=dtype.inner)
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return lists(items, owners, rows=len(rows))


def lists(items: pl.Series, owners: NDArray[np.int64], *, rows: int) -> pl.Series:
    """A column of lists, cut from one long column: row by row it takes polars many times as long.

    Args:
        owners: the row to which each of the items belongs, sorted.
    """
    if 0 < rows == len(items) and (np.diff(owners) > 0).all():  # one in each, as most carts have
        return items.reshape((rows, 1)).arr.to_list()
    row = pl.Series(owners).set_sorted()
    filled = pl.DataFrame({"row": row, "items": items}).group_by("row", maintain_order=True).agg("items")
    if len(filled) == rows:
        return filled["items"]
    every_row = pl.DataFrame({"row": np.arange(rows)})
    return every_row.join(filled, on="row", how="left", maintain_order="left")["items"].fill_null([])


def write(history: pl.DataFrame, path: Path) -> None:
    """Write `history.parquet`."""
    with whole(path) as aside:
        history.write_parquet(aside)


def read(path: Path) -> pl.DataFrame:
    """Read `history.parquet`.

    Raises:
        ValueError: the file's columns are not those of `SCHEMA`.
    """
    history = pl.read_parquet(path)
    if history.schema != SCHEMA:
        odd = sorted(set(history.schema.items()) ^ set(SCHEMA.items()), key=str)
        raise ValueError(f"not a history of this version; columns that differ: {odd}")
    _require_values(history)
    return history


def _require_values(history: pl.DataFrame) -> None:
    """Do nothing where each row can be that of an attempt.

    Raises:
        ValueError: one cannot; the text names the column and what was expected.
    """
    missing = [name for name in SCHEMA if name != "acknowledged_s" and history[name].has_nulls()]
    if missing:
        raise ValueError(f"{missing[0]} has rows without a value; expected one in each")
    for name, sound, expected in (
        *((name, pl.col(name).is_finite(), "finite numbers") for name in _MOMENTS),
        ("outcome", pl.col("outcome").is_in([*Outcome]), f"one of {', '.join(Outcome)}"),
        ("operation", pl.col("operation").is_in(_OPERATIONS), f"one of {', '.join(_OPERATIONS)}"),
        ("quantities", pl.col("quantities").list.len() == pl.col("skus").list.len(), "one for each SKU"),
        ("skus", ~pl.col("skus").list.eval(pl.element().is_null()).list.any(), "a name for each"),
        ("quantities", pl.col("quantities").list.min().fill_null(1) > 0, "numbers above 0"),
        ("spans", _SPANS_MS.list.eval(pl.element().is_finite()).list.all(), "a time for each span"),
    ):
        if not history.select(sound.fill_null(value=name == "acknowledged_s").all()).item():
            raise ValueError(f"{name} has values that no attempt can have; expected {expected}")
