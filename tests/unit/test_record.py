"""The record of a run: kept in a folder and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.books import (
    BookedLine,
    BookedOrder,
    Books,
    DecisionRow,
    IntakeRow,
    KeyRow,
    StockRow,
    Wallets,
)
from scenarios.conditions import Conditions, Generator, Sample, WaitSample
from scenarios.history import frame
from scenarios.record import Record, RecordError

RECORD = Record(
    history=frame([]),
    books=Books(
        stock=(
            StockRow(sku="shoe-270", initial=3, restocked=0, available=2, reserved=0, redis_available=None),
        ),
        orders=(
            BookedOrder(
                order_id="abc",
                shopper=1,
                key="1-1-0",
                state="paid",
                total_won=1000,
                placed_s=0.5,
                lines=(BookedLine(sku="shoe-270", quantity=1, price_won=1000),),
            ),
        ),
        wallets=Wallets(shopper=(1,), opening_won=(5000,), balance_won=(4000,), ledger_won=(-1000,)),
        keys=(KeyRow(shopper=1, key="1-1-0", order_id="abc"),),
        decisions=(DecisionRow(shopper=2, key="1-2-0", status=409, code="sold_out"),),
        intake=(IntakeRow(shopper=3, key="1-3-0"),),
    ),
    conditions=Conditions(
        machine_speed=30.0,
        generator=Generator(
            offered=1,
            sent=1,
            dropped=0,
            lateness_p50_ms=0.1,
            lateness_p99_ms=0.2,
            lateness_max_ms=0.2,
            cpu_share=0.1,
        ),
        samples=(Sample(at_s=1, worker=0.5, consumer=0.3, database=0.2, redis=0, generator=0.1),),
        waits=(WaitSample(at_s=0.05, active=2, lock=7, io=1, idle=0),),
        system_cores=1,
        generator_shares_cores=False,
        workers=1,
        pool_size=5,
    ),
)


def test_a_record_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    RECORD.save(tmp_path / "no_lock" / "1")
    loaded = Record.load(tmp_path / "no_lock" / "1")
    assert loaded.history.equals(RECORD.history)
    assert loaded.books == RECORD.books
    assert loaded.conditions == RECORD.conditions


@pytest.mark.parametrize("name", ["history.parquet", "books.json", "conditions.json"])
def test_a_record_with_a_file_missing_is_not_loaded(name: str, tmp_path: Path) -> None:
    RECORD.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(RecordError, match=rf"{name}: cannot be read\W+No such file"):
        Record.load(tmp_path)


@pytest.mark.parametrize("name", ["history.parquet", "books.json", "conditions.json"])
@pytest.mark.parametrize("content", [b"", b"no table", b"PAR1\xff\x00PAR1", b"{"])
def test_a_record_with_a_torn_file_is_refused_with_its_name_and_the_mend(
    name: str, content: bytes, tmp_path: Path
) -> None:
    RECORD.save(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordError, match=rf"(?s){tmp_path / name}: .*run it again"):
        Record.load(tmp_path)


@pytest.mark.parametrize("name", ["books.json", "conditions.json"])
def test_a_record_of_another_version_is_not_loaded(name: str, tmp_path: Path) -> None:
    RECORD.save(tmp_path)
    (tmp_path / name).write_text('{"colour": "blue"}')
    with pytest.raises(RecordError, match="colour"):
        Record.load(tmp_path)
