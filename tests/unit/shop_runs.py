"""Makes records of runs: a tiny shop that serves one by one, ways to tamper, and what an audit said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from reports.violations import AuditReport
from scenarios import history
from scenarios.books import BookedLine, BookedOrder, Books, DecisionRow, KeyRow, StockRow, Wallets
from scenarios.conditions import Conditions, Generator, Sample
from scenarios.history import Attempt, Outcome
from scenarios.record import Record
from scenarios.scenario import Scenario

PRICE_WON = 1_000
OPENING_WON = 10_000
_STATUS = {"insufficient_funds": 402, "unknown_sku": 422, "idempotency_key_reused": 422}
UNITS = {"shoe-270": 3, "shoe-280": 2}

SCENARIO = Scenario.model_validate(
    {
        "name": "two_sizes",
        "summary": "A few shoppers for five pairs in two sizes.",
        "arrivals": {"shape": "constant", "per_s": 100, "duration_s": 0.1},
        "products": [
            {
                "id": "shoe",
                "name": "Shoe",
                "price_won": PRICE_WON,
                "sizes": [{"size": "270", "units": 3}, {"size": "280", "units": 2}],
            }
        ],
    }
)


@dataclass(frozen=True)
class Request:
    """One attempt to order: sent, decided by the shop at `served_s`, and answered unless `lost`."""

    shopper: int
    lines: Mapping[str, int]
    sent_s: float
    served_s: float
    done_s: float
    attempt: int = 0
    lost: bool = False
    turned_away: Outcome | None = None  # the shop says this, whatever is left
    code: str = ""  # with which it turns them away
    order_number: int = 0  # of this shopper

    @property
    def key(self) -> str:
        return f"7-{self.shopper}-{self.order_number}"


def play(requests: Iterable[Request], *, units: Mapping[str, int] = UNITS, guarded: bool = True) -> Record:
    """What a correct shop would leave behind; one that is not `guarded` sells what it does not have."""
    left = dict(units)
    orders: dict[str, BookedOrder] = {}
    attempts = []
    for request in sorted(requests, key=lambda request: request.served_s):
        replayed = request.key in orders
        enough = all(left.get(sku, 0) >= wanted for sku, wanted in request.lines.items())
        if not replayed and not request.turned_away and (enough or not guarded):
            for sku, wanted in request.lines.items():
                left[sku] -= wanted
            orders[request.key] = _order(request)
        attempts.append(_attempt(request, orders.get(request.key), replayed=replayed))
    return Record(
        history.frame(sorted(attempts, key=lambda attempt: attempt.sent_s)),
        _books(orders.values(), left, units, {request.shopper for request in requests}),
        conditions(offered=len({attempt.arrival for attempt in attempts})),
    )


def _order(request: Request) -> BookedOrder:
    return BookedOrder(
        order_id=f"order-{request.shopper}" + ("-again" if request.order_number else ""),
        shopper=request.shopper,
        key=request.key,
        state="paid",
        total_won=PRICE_WON * sum(request.lines.values()),
        placed_s=request.served_s,
        lines=tuple(
            BookedLine(sku=sku, quantity=quantity, price_won=PRICE_WON)
            for sku, quantity in request.lines.items()
        ),
    )


def _attempt(request: Request, order: BookedOrder | None, *, replayed: bool) -> Attempt:
    attempt = Attempt(
        arrival=request.shopper,
        attempt=request.attempt,
        operation="order",
        shopper=request.shopper,
        bot=False,
        key=request.key,
        skus=list(request.lines),
        quantities=list(request.lines.values()),
        intended_s=request.sent_s,
        sent_s=request.sent_s,
        done_s=request.done_s,
        outcome=request.turned_away or Outcome.SOLD_OUT,
        status=_STATUS.get(request.code, 409),
        code=request.code,
    )
    if request.lost:
        return replace(attempt, outcome=Outcome.UNKNOWN, status=0, code="timeout")
    if order is None:
        return attempt
    return replace(
        attempt,
        outcome=Outcome.BOUGHT,
        status=201,
        code="",
        order_id=order.order_id,
        total_won=order.total_won,
        replayed=replayed,
        spans=[("pool", 1.0), ("place_order", 4.0)],
    )


def _books(
    orders: Iterable[BookedOrder], left: Mapping[str, int], units: Mapping[str, int], shoppers: set[int]
) -> Books:
    placed = tuple(sorted(orders, key=lambda order: order.placed_s))
    spent = Counter[int]()
    for order in placed:
        spent[order.shopper] += order.total_won
    return Books(
        stock=tuple(
            StockRow(
                sku=sku,
                initial=units[sku],
                restocked=0,
                available=left[sku],
                reserved=0,
                redis_available=left[sku],
            )
            for sku in units
        ),
        orders=placed,
        wallets=Wallets(
            shopper=tuple(sorted(shoppers)),
            opening_won=(OPENING_WON,) * len(shoppers),
            balance_won=tuple(OPENING_WON - spent[shopper] for shopper in sorted(shoppers)),
            ledger_won=tuple(-spent[shopper] for shopper in sorted(shoppers)),
            charged_won=(0,) * len(shoppers),
        ),
        keys=tuple(KeyRow(shopper=order.shopper, key=order.key, order_id=order.order_id) for order in placed),
    )


def conditions(*, offered: int = 10, **changes: Any) -> Conditions:
    """A machine at leisure and a generator on time, but for `changes` to its `Generator`."""
    on_time = {
        "offered": offered,
        "sent": offered,
        "dropped": 0,
        "lateness_p50_ms": 0.4,
        "lateness_p99_ms": 3.0,
        "lateness_max_ms": 11.0,
        "cpu_share": 0.3,
    }
    return Conditions(
        machine_speed=30.0,
        generator=Generator.model_validate(on_time | changes),
        samples=tuple(
            Sample(at_s=0.2 * n, worker=0.2, database=0.1, redis=0.0, generator=0.3) for n in range(1, 6)
        ),
        system_cores=1,
        generator_shares_cores=False,
        workers=1,
        pool_size=5,
    )


def rush() -> list[Request]:
    """Ten shoppers within a tenth of a second: every kind of end, and the last unit contended.

    0 buys one of each size, 1 one 270; 2 hears nothing, asks again and gets the kept answer; 3 buys a 280.
    4 and 5 come too late; 6 has no money; 7 is told of a conflict, then that all is sold; nobody heard what
    became of 8, and it was nothing; 9 wants more than is left of one of two sizes.
    """
    pair, half, other = {"shoe-270": 1, "shoe-280": 1}, {"shoe-270": 1}, {"shoe-280": 1}
    return [
        Request(0, pair, 0.000, 0.010, 0.015),
        Request(1, half, 0.005, 0.012, 0.018),
        Request(2, half, 0.008, 0.014, 0.030, lost=True),
        Request(2, half, 0.040, 0.045, 0.050, attempt=1),
        Request(6, half, 0.009, 0.011, 0.020, turned_away=Outcome.REJECTED),
        Request(3, other, 0.010, 0.016, 0.022),
        Request(4, half, 0.012, 0.020, 0.024),
        Request(5, other, 0.014, 0.021, 0.026),
        Request(7, half, 0.016, 0.022, 0.027, turned_away=Outcome.CONFLICT),
        Request(7, half, 0.060, 0.065, 0.070, attempt=1),
        Request(8, half, 0.030, 0.035, 0.060, lost=True),
        Request(9, {"shoe-270": 1, "shoe-280": 2}, 0.031, 0.036, 0.040),
    ]


def queued(record: Record) -> Record:
    """The same run by a strategy that queues: every answer was a 202 a millisecond before."""
    answered = pl.col("outcome") != Outcome.UNKNOWN
    run = with_attempts(record, answered, acknowledged_s=pl.col("done_s") - 0.001)
    last = run.history.filter(answered).unique(["shopper", "key"], keep="last", maintain_order=True)
    decisions = tuple(
        DecisionRow(shopper=shopper, key=key, status=status, code=code)
        for shopper, key, status, code in last.select("shopper", "key", "status", "code").iter_rows()
    )
    return replace(run, books=run.books.model_copy(update={"decisions": decisions}))


def with_attempts(record: Record, where: pl.Expr, **changes: pl.Expr | Any) -> Record:
    """The record with columns of some of its attempts changed."""
    columns = {
        name: pl.when(where).then(value if isinstance(value, pl.Expr) else pl.lit(value)).otherwise(name)
        for name, value in changes.items()
    }
    table = record.history.with_columns(**columns).match_to_schema(history.SCHEMA, integer_cast="upcast")
    return replace(record, history=table)


def with_rows(record: Record, table: str, change: Callable[[list[Any]], Sequence[Any]]) -> Record:
    """The record with one table of its books passed through `change`."""
    rows = tuple(change(list(getattr(record.books, table))))
    return replace(record, books=record.books.model_copy(update={table: rows}))


def with_row(record: Record, table: str, row: int, **changes: Any) -> Record:
    """The record with one row of its books changed."""
    return with_rows(
        record, table, lambda rows: [*rows[:row], rows[row].model_copy(update=changes), *rows[row + 1 :]]
    )


def with_wallet(record: Record, row: int, **changes: int) -> Record:
    """The record with one shopper's wallet changed."""
    wallets = record.books.wallets
    columns = {
        name: (*getattr(wallets, name)[:row], won, *getattr(wallets, name)[row + 1 :])
        for name, won in changes.items()
    }
    return _with_wallets(record, columns)


def without_wallet(record: Record, row: int) -> Record:
    """The record with one wallet less."""
    wallets = dict(record.books.wallets)
    return _with_wallets(
        record, {name: (*column[:row], *column[row + 1 :]) for name, column in wallets.items()}
    )


def _with_wallets(record: Record, columns: Mapping[str, tuple[int, ...]]) -> Record:
    wallets = record.books.wallets.model_copy(update=columns)
    return replace(record, books=record.books.model_copy(update={"wallets": wallets}))


def broken(report: AuditReport) -> set[tuple[int, str]]:
    return {(violation.invariant, violation.what) for violation in report.violations}


def verdicts(report: AuditReport) -> dict[int, str]:
    return {check.invariant: check.verdict for check in report.checks}
