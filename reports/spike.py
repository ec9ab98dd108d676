"""What a spike comes to: when all was sold, and when the queue was gone."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.evidence import Evidence
from scenarios.record import Record


def sold_out_after_s(evidence: Evidence) -> float | None:
    """Seconds from the first arrival until the last unit there was of every SKU was in an order of the books.

    None where units of some SKU were left, and where nobody came. Units sold beyond the stock come after it.
    """
    history = evidence.record.history
    stock = evidence.stock.filter(pl.col("stock") > 0)
    last_units = (
        evidence.log.join(stock.select("sku", "stock"), on="sku")
        .filter(pl.col("so_far") >= pl.col("stock"))
        .group_by("sku")
        .agg(pl.col("placed_s").min())
    )
    if history.is_empty() or stock.is_empty() or len(last_units) < len(stock):
        return None
    return max(0.0, float(last_units["placed_s"].to_numpy().max()) - _first_arrival_s(history))


def queue_gone_after_s(record: Record) -> float | None:
    """Seconds from the first arrival until no queue was left, for the first time after the longest one.

    There is a queue while more attempts are under way than the system has database connections: whoever comes
    then waits for sure. None where there never was one.
    """
    history, connections = record.history, record.conditions.workers * record.conditions.pool_size
    waiting = under_way(history)
    if waiting.max(initial=0) <= connections:
        return None
    sent, done = _sorted(history, "sent_s"), _sorted(history, "done_s")
    left = np.searchsorted(sent, done, side="right") - np.arange(1, len(done) + 1)
    gone = (done > sent[np.argmax(waiting)]) & (left <= connections)
    return float(done[np.argmax(gone)]) - _first_arrival_s(history)


def under_way(history: pl.DataFrame) -> NDArray[np.int64]:
    """After each sending, in their order: the attempts sent so far, less those answered by then."""
    sent, done = _sorted(history, "sent_s"), _sorted(history, "done_s")
    return np.arange(1, len(sent) + 1) - np.searchsorted(done, sent, side="right")


def _sorted(history: pl.DataFrame, column: str) -> NDArray[np.float64]:
    return np.sort(history[column].to_numpy())


def _first_arrival_s(history: pl.DataFrame) -> float:
    return float(history["intended_s"].to_numpy().min())
