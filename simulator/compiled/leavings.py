"""What a run of the compiled engine leaves behind: the history and the books, in one go for all rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scenarios.arrivals import Arrivals
from scenarios.books import (
    BookedLine,
    Books,
    IntakeRow,
    StockRow,
    Wallets,
)
from scenarios.history import SCHEMA, lists
from scenarios.scenario import Scenario
from simulator.compiled.answers import ANSWERS, SOLD_OUT_ON_THE_BOARD
from simulator.compiled.memory import Memory
from simulator.compiled.opening import spans_of
from simulator.requests import Answer
from simulator.stock import Verdict
from simulator.strategies import KeptIn, Step, Strategy

Rows = NDArray[np.void]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_BOUGHT = np.isin(np.arange(max(ANSWERS) + 1), (Verdict.DONE.value, Verdict.REPLAYED.value))
_ANSWERS = [ANSWERS.get(number, Answer(ANSWERS[1].outcome, 0)) for number in range(max(ANSWERS) + 1)]


def read_history(memory: Memory, scenario: Scenario, arrivals: Arrivals, strategy: Strategy) -> pl.DataFrame:
    """One row for each attempt, with `SCHEMA`."""
    all_attempts = memory["attempts"][1 : memory.world["attempts_used"]]
    attempts = _Chosen(all_attempts, np.lexsort((all_attempts["noted"], all_attempts["intended_s"])))
    keys = _Chosen(memory["keys"], attempts["key"])
    answers, arrival = attempts["answer"].astype(np.int64), attempts["arrival"]
    is_order, bought = attempts["key"] > 0, _BOUGHT[answers]
    key = _key_names(keys, arrivals.seed, is_order)
    owners, skus, quantities = _cart_lines(memory, arrivals, attempts, keys)
    names = pl.Series([sku.sku for sku in scenario.skus], dtype=pl.String())
    columns: dict[str, Any] = {
        "arrival": arrival,
        "attempt": attempts["attempt"],
        "operation": pl.Series(["browse", "order"])[is_order.astype(np.int64)],
        "shopper": arrivals.shopper[arrival],
        "bot": arrivals.bot[arrival],
        "key": key,
        "skus": lists(names[skus], owners, rows=len(answers)),
        "quantities": lists(pl.Series(quantities), owners, rows=len(answers)),
        "intended_s": attempts["intended_s"],
        "sent_s": attempts["sent_s"],
        "acknowledged_s": pl.Series(attempts["acknowledged_s"], nan_to_null=True),
        "done_s": attempts["done_s"],
        "outcome": _answered(answers, [str(answer.outcome) for answer in _ANSWERS]),
        "status": _answered(answers, [answer.status for answer in _ANSWERS]),
        "code": _answered(answers, [answer.code for answer in _ANSWERS]),
        "order_id": _where(bought, key),
        "total_won": np.where(bought, keys["total_won"], 0),
        "replayed": _answered(answers, [answer.replayed for answer in _ANSWERS]),
        "spans": _spans(memory, attempts, strategy),
    }
    return pl.DataFrame(columns).cast(SCHEMA)


class _Chosen:
    """Some records of a table. Of a record most is not looked at: columns are cut out when asked for."""

    def __init__(self, records: Rows, chosen: Ints) -> None:
        self._records = records
        self._chosen = chosen

    def __getitem__(self, field: str) -> NDArray[Any]:
        column: NDArray[Any] = self._records[field][self._chosen]
        return column


def _answered(answers: Ints, values: list[Any]) -> pl.Series:
    return pl.Series(values)[answers]


def _key_names(keys: _Chosen, seed: int, is_order: NDArray[np.bool_]) -> pl.Series:
    numbers = keys["order_number"]
    ends = pl.Series([f"-{number}" for number in range(numbers.max(initial=0) + 1)])
    return _where(is_order, f"{seed}-" + pl.Series(keys["arrival"]).cast(pl.String()) + ends[numbers])


def _where(chosen: NDArray[np.bool_], names: pl.Series) -> pl.Series:
    """The names where they are chosen; elsewhere none."""
    return names.zip_with(pl.Series(chosen), pl.Series([""]).new_from_index(0, len(names)))


def _cart_lines(
    memory: Memory, arrivals: Arrivals, attempts: _Chosen, keys: _Chosen
) -> tuple[Ints, Ints, Ints]:
    """The lines of all carts as their shoppers had them: which attempt each belongs to, SKU and quantity."""
    single_lines, arrival = int(memory.world["single_lines"]), attempts["arrival"]
    alone = (keys["cart_start"] >= single_lines) & (attempts["key"] > 0)
    start = np.where(alone, keys["cart_start"], arrivals.cart_start[arrival])
    length = np.where(alone, 1, np.diff(arrivals.cart_start)[arrival])
    owners = np.repeat(np.arange(len(arrival)), length)
    line, singles = _within(start, length), memory["lines"][single_lines:]
    skus = np.concatenate([arrivals.line_sku, singles["sku"]])
    quantities = np.concatenate([arrivals.line_quantity, singles["quantity"]])
    return owners, skus[line].astype(np.int64), quantities[line].astype(np.int64)


def _spans(memory: Memory, attempts: _Chosen, strategy: Strategy) -> pl.Series:
    """What was measured, or the one span of an answer from the board."""
    spans, names = memory["spans"], [*spans_of(strategy), "board"]
    from_board = np.flatnonzero(attempts["answer"] == SOLD_OUT_ON_THE_BOARD)
    owners, found = [from_board], [np.zeros(len(from_board), spans.dtype)]
    found[0]["name"] = len(names) - 1
    first = attempts["first_span"]
    owner = np.flatnonzero(first)
    number = first[owner]
    while len(number):
        owners.append(owner)
        found.append(spans[number])
        goes_on = found[-1]["next"] > 0
        owner, number = owner[goes_on], found[-1]["next"][goes_on]
    of, all_spans = np.concatenate(owners), np.concatenate(found)
    in_order = np.argsort(of, kind="stable")
    items = pl.DataFrame(
        {
            "name": pl.Series(names, dtype=pl.String())[all_spans["name"][in_order].astype(np.int64)],
            "ms": all_spans["ms"][in_order],
        }
    ).to_struct()
    return lists(items, of[in_order], rows=len(first))


def read_ends(memory: Memory) -> tuple[Floats, NDArray[np.bool_]]:
    """When each attempt ended, in this order, and whether it was an order that was bought."""
    attempts = memory["attempts"][1 : memory.world["attempts_used"]]
    attempts = attempts[np.argsort(attempts["noted"])]
    return attempts["done_s"], _BOUGHT[attempts["answer"]]


def read_books(memory: Memory, scenario: Scenario, arrivals: Arrivals, strategy: Strategy) -> Books:
    """The state of the database and of Redis. At rest nothing is reserved or undecided."""
    keys = memory["keys"][: memory.world["keys_used"]]
    placed = keys[keys["placed"] > 0]
    placed = placed[np.lexsort((placed["placed"], placed["placed_s"]))]
    decided = keys[keys["decision"] > 0]
    decided = decided[np.argsort(decided["concluded"])]
    orders = list(_orders(memory, scenario, placed, arrivals.seed))
    return Books.model_validate(  # all rows in one go
        {
            "stock": list(_stock(memory, scenario, strategy)),
            "orders": orders,
            "wallets": _wallets(memory, scenario),
            "keys": [
                {"shopper": one["shopper"], "key": one["key"], "order_id": one["order_id"]} for one in orders
            ],
            "decisions": list(_decisions(decided, arrivals.seed)),
            "intake": list(_intake(memory, arrivals.seed)),
        }
    )


def _stock(memory: Memory, scenario: Scenario, strategy: Strategy) -> list[StockRow]:
    in_redis, on_ledger = strategy.does(Step.HOLD), strategy.kept_in is KeptIn.RESERVATIONS
    return [
        StockRow(
            sku=sku.sku,
            initial=sku.units,
            restocked=0,
            available=stock["unsold"] - stock["held"],
            reserved=stock["held"] if on_ledger else 0,
            redis_available=stock["in_redis"] if in_redis else None,
        )
        for sku, stock in zip(scenario.skus, memory["skus"], strict=True)
    ]


def _orders(memory: Memory, scenario: Scenario, placed: Rows, seed: int) -> Iterator[dict[str, Any]]:
    """From whole columns, and each kind of line made once: to look at every record takes far longer."""

    @cache
    def booked(number: int, quantity: int) -> BookedLine:
        sku = scenario.skus[number]
        return BookedLine(sku=sku.sku, quantity=quantity, price_won=sku.price_won)

    lines, lengths = lines_of(memory, placed)
    booked_lines = map(booked, lines["sku"].tolist(), lines["quantity"].tolist())
    fields = ("arrival", "order_number", "shopper", "total_won", "placed_s")
    rows = zip(*(placed[field].tolist() for field in fields), lengths.tolist(), strict=True)
    for arrival, number, shopper, total_won, placed_s, length in rows:
        name = _key_name(seed, arrival, number)
        yield {
            "order_id": name,
            "shopper": shopper,
            "key": name,
            "state": "paid",
            "total_won": total_won,
            "placed_s": placed_s,
            "lines": tuple(islice(booked_lines, length)),
        }


def lines_of(memory: Memory, keys: Rows) -> tuple[Rows, Ints]:
    """The lines of the carts of keys, one cart after the other, and how many each has."""
    lengths = keys["cart_end"] - keys["cart_start"]
    return memory["lines"][_within(keys["cart_start"], lengths)], lengths


def _within(starts: Ints, lengths: Ints) -> Ints:
    """The numbers of as many rows as given from each start on."""
    return np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())


def _decisions(decided: Rows, seed: int) -> Iterator[dict[str, Any]]:
    fields = ("arrival", "order_number", "shopper", "decision")
    for arrival, number, shopper, decision in zip(
        *(decided[field].tolist() for field in fields), strict=True
    ):
        answer = ANSWERS[decision]
        yield {
            "shopper": shopper,
            "key": _key_name(seed, arrival, number),
            "status": answer.status,
            "code": answer.code,
        }


def _key_name(seed: int, arrival: int, number: int) -> str:
    return f"{seed}-{arrival}-{number}"


def _wallets(memory: Memory, scenario: Scenario) -> Wallets:
    opening_won, balances_won = scenario.shoppers.balance_won, memory["shoppers"]["balance_won"]
    return Wallets.model_construct(  # whole numbers, as they are in a column: to look at each takes longest
        shopper=tuple(range(len(balances_won))),
        opening_won=(opening_won,) * len(balances_won),
        balance_won=tuple(balances_won.tolist()),
        ledger_won=tuple((balances_won - opening_won).tolist()),
    )


def _intake(memory: Memory, seed: int) -> list[IntakeRow]:
    rows, number = [], int(memory.world["first_queued"])
    while number:
        key = memory["keys"][number]
        name = _key_name(seed, key["arrival"], key["order_number"])
        rows.append(IntakeRow(shopper=key["shopper"], key=name))
        number = int(key["next_queued"])
    return rows
