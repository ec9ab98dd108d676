"""The history: its table, and the file it is kept in."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from scenarios.history import SCHEMA, Attempt, Outcome, frame, read, write


def attempt(arrival: int, intended_s: float = 0.0, **more: object) -> Attempt:
    attempt = Attempt(
        arrival=arrival,
        attempt=0,
        operation="order",
        shopper=arrival,
        bot=False,
        key=f"1-{arrival}-0",
        skus=["shoe-270"],
        quantities=[1],
        intended_s=intended_s,
        sent_s=intended_s,
        done_s=intended_s + 0.5,
        outcome=Outcome.UNKNOWN,
    )
    for name, value in more.items():
        setattr(attempt, name, value)
    return attempt


def test_an_empty_history_has_the_columns_of_any_other() -> None:
    assert frame([]).schema == SCHEMA
    assert frame([]).is_empty()


def test_the_rows_are_sorted_by_intended_time_and_keep_their_order_where_it_is_equal() -> None:
    table = frame([attempt(1, 2.0), attempt(2, 1.0), attempt(3, 2.0), attempt(4, 1.0)])
    assert table["arrival"].to_list() == [2, 4, 1, 3]


def test_every_value_is_in_its_column() -> None:
    bought = attempt(
        5,
        1.5,
        skus=["shoe-270", "shoe-280"],
        quantities=[1, 2],
        outcome=Outcome.BOUGHT,
        status=201,
        order_id="abc",
        total_won=3000,
        replayed=True,
        acknowledged_s=1.6,
        spans=[("pool", 0.1), ("place_order", 1.6)],
    )
    assert frame([bought]).row(0, named=True) == {
        "arrival": 5,
        "attempt": 0,
        "operation": "order",
        "shopper": 5,
        "bot": False,
        "key": "1-5-0",
        "skus": ["shoe-270", "shoe-280"],
        "quantities": [1, 2],
        "intended_s": 1.5,
        "sent_s": 1.5,
        "acknowledged_s": 1.6,
        "done_s": 2.0,
        "outcome": "bought",
        "status": 201,
        "code": "",
        "order_id": "abc",
        "total_won": 3000,
        "replayed": True,
        "spans": [{"name": "pool", "ms": 0.1}, {"name": "place_order", "ms": 1.6}],
    }


def test_lists_stay_with_their_rows_when_some_are_empty() -> None:
    rows = [attempt(i, i, spans=[(f"span-{i}", float(i))] * (i % 3)) for i in range(10)]
    assert [len(spans) for spans in frame(rows)["spans"].to_list()] == [i % 3 for i in range(10)]
    assert frame(rows)["spans"].to_list()[5] == [{"name": "span-5", "ms": 5.0}] * 2


def test_a_history_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    table = frame([attempt(1, spans=[("pool", 0.1)]), attempt(2)])
    write(table, tmp_path / "history.parquet")
    assert read(tmp_path / "history.parquet").equals(table)


def test_a_history_of_another_version_is_refused_with_the_columns_that_differ(tmp_path: Path) -> None:
    other = frame([attempt(1)]).drop("key").with_columns(pl.lit(1).alias("colour"))
    write(other, tmp_path / "history.parquet")
    with pytest.raises(ValueError, match=r"columns that differ: .*colour.*key"):
        read(tmp_path / "history.parquet")
