"""What a run of the compiled engine leaves behind: the history and the books, in one go for all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import TypeAdapter

from scenarios.arrivals import Arrivals
from scenarios.books import (
    BookedLine,
    BookedOrder,
    Books,
    DecisionRow,
    IntakeRow,
    KeyRow,
    StockRow,
    WalletRow,
)
from scenarios.history import SCHEMA, SPAN, lists
from scenarios.scenario import Scenario
from simulator.compiled.answers import ANSWERS, SOLD_OUT_ON_THE_BOARD
from simulator.compiled.memory import Memory
from simulator.compiled.opening import spans_of
from simulator.requests import Answer
from simulator.stock import Verdict
from simulator.strategies import KeptIn, Step, Strategy

Rows = NDArray[np.void]
Ints = NDArray[np.int64]

_WALLETS = TypeAdapter(tuple[WalletRow, ...])  # all in one go: there is one for each shopper
_BOUGHT = (Verdict.DONE.value, Verdict.REPLAYED.value)
_ANSWERS = [ANSWERS.get(number, Answer(ANSWERS[1].outcome, 0)) for number in range(max(ANSWERS) + 1)]


def read_history(memory: Memory, scenario: Scenario, arrivals: Arrivals, strategy: Strategy) -> pl.DataFrame:
    """One row for each attempt, with `SCHEMA`."""
    attempts = memory["attempts"][1 : memory.world["attempts_used"]]
    attempts = attempts[np.lexsort((attempts["noted"], attempts["sent_s"]))]
    keys, answers, arrival = memory["keys"][attempts["key"]], attempts["answer"], attempts["arrival"]
    is_order, bought = attempts["key"] > 0, np.isin(answers, _BOUGHT)
    key = _key_names(keys, arrivals.seed, is_order)
    owners, lines = _cart_lines(memory, arrivals, attempts)
    names = pl.Series([sku.sku for sku in scenario.skus], dtype=pl.String())
    sent_s = attempts["sent_s"]
    columns: dict[str, Any] = {
        "arrival": arrival,
        "attempt": attempts["attempt"],
        "operation": pl.Series(["browse", "order"])[is_order.astype(np.int64)],
        "shopper": arrivals.shopper[arrival],
        "bot": arrivals.bot[arrival],
        "key": key,
        "skus": lists(names[lines["sku"].astype(np.int64)], owners, rows=len(attempts)),
        "quantities": lists(pl.Series(lines["quantity"].astype(np.int64)), owners, rows=len(attempts)),
        "intended_s": sent_s,
        "sent_s": sent_s,
        "acknowledged_s": pl.Series(attempts["acknowledged_s"]).fill_nan(None),
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


def _answered(answers: NDArray[np.int8], values: list[Any]) -> pl.Series:
    return pl.Series(values)[answers.astype(np.int64)]


def _key_names(keys: Rows, seed: int, is_order: NDArray[np.bool_]) -> pl.Series:
    numbers = pl.DataFrame({"arrival": keys["arrival"], "order": keys["order_number"]})
    return _where(is_order, numbers.select(pl.format(f"{seed}-{{}}-{{}}", "arrival", "order")).to_series())


def _where(chosen: NDArray[np.bool_], names: pl.Series) -> pl.Series:
    """The names where they are chosen; elsewhere none."""
    return names.zip_with(pl.Series(chosen), pl.Series([""]).new_from_index(0, len(names)))


def _cart_lines(memory: Memory, arrivals: Arrivals, attempts: Rows) -> tuple[Ints, Rows]:
    """The lines of all attempts' carts as their shoppers had them, and to which attempt each belongs."""
    single_lines, keys = int(memory.world["single_lines"]), memory["keys"][attempts["key"]]
    alone = keys["cart_start"] >= single_lines
    alone &= attempts["key"] > 0
    start = np.where(alone, keys["cart_start"], arrivals.cart_start[attempts["arrival"]])
    length = np.where(alone, 1, np.diff(arrivals.cart_start)[attempts["arrival"]])
    owners = np.repeat(np.arange(len(attempts)), length)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(length) - length, length)
    lines = memory["lines"].copy()
    lines["sku"][:single_lines] = arrivals.line_sku
    lines["quantity"][:single_lines] = arrivals.line_quantity
    return owners, lines[np.repeat(start, length) + within]


def _spans(memory: Memory, attempts: Rows, strategy: Strategy) -> pl.Series:
    """What was measured, or the one span of an answer from the board."""
    spans, names = memory["spans"], [*spans_of(strategy), "board"]
    from_board = np.flatnonzero(attempts["answer"] == SOLD_OUT_ON_THE_BOARD)
    owners, found = [from_board], [np.zeros(len(from_board), spans.dtype)]
    found[0]["name"] = len(names) - 1
    owner = np.flatnonzero(attempts["first_span"])
    number = attempts["first_span"][owner]
    while len(number):
        owners.append(owner)
        found.append(spans[number])
        goes_on = found[-1]["next"] > 0
        owner, number = owner[goes_on], found[-1]["next"][goes_on]
    of, all_spans = np.concatenate(owners), np.concatenate(found)
    in_order = np.argsort(of, kind="stable")
    items = pl.DataFrame(
        {
            "name": pl.Series(names)[all_spans["name"][in_order].astype(np.int64)],
            "ms": all_spans["ms"][in_order],
        }
    ).to_struct()
    return lists(items.cast(SPAN), of[in_order], rows=len(attempts))


def read_books(memory: Memory, scenario: Scenario, arrivals: Arrivals, strategy: Strategy) -> Books:
    """The state of the database and of Redis. At rest nothing is reserved or undecided."""
    keys = memory["keys"][: memory.world["keys_used"]]
    placed = keys[keys["placed"] > 0]
    placed = placed[np.lexsort((placed["placed"], placed["placed_s"]))]
    decided = keys[keys["decision"] > 0]
    decided = decided[np.argsort(decided["concluded"])]
    orders = tuple(_orders(memory, scenario, placed, arrivals.seed))
    return Books(
        stock=tuple(_stock(memory, scenario, strategy)),
        orders=orders,
        wallets=_wallets(memory, scenario),
        keys=tuple(KeyRow(shopper=one.shopper, key=one.key, order_id=one.order_id) for one in orders),
        decisions=tuple(
            DecisionRow(
                shopper=key["shopper"],
                key=_key_name(key, arrivals.seed),
                status=ANSWERS[key["decision"]].status,
                code=ANSWERS[key["decision"]].code,
            )
            for key in decided
        ),
        intake=tuple(_intake(memory, arrivals.seed)),
    )


def _key_name(key: Any, seed: int) -> str:
    return f"{seed}-{key['arrival']}-{key['order_number']}"


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


def _orders(memory: Memory, scenario: Scenario, placed: Rows, seed: int) -> list[BookedOrder]:
    lines = memory["lines"]
    return [
        BookedOrder(
            order_id=(name := _key_name(key, seed)),
            shopper=key["shopper"],
            key=name,
            state="paid",
            total_won=key["total_won"],
            placed_s=key["placed_s"],
            lines=tuple(
                BookedLine(sku=sku.sku, quantity=line["quantity"], price_won=sku.price_won)
                for line in lines[key["cart_start"] : key["cart_end"]]
                for sku in (scenario.skus[line["sku"]],)
            ),
        )
        for key in placed
    ]


def _wallets(memory: Memory, scenario: Scenario) -> tuple[WalletRow, ...]:
    opening_won = scenario.shoppers.balance_won
    rows = [
        {
            "shopper": shopper,
            "opening_won": opening_won,
            "balance_won": balance_won,
            "ledger_won": balance_won - opening_won,
        }
        for shopper, balance_won in enumerate(memory["shoppers"]["balance_won"].tolist())
    ]
    return _WALLETS.validate_python(rows)


def _intake(memory: Memory, seed: int) -> list[IntakeRow]:
    rows, number = [], int(memory.world["first_queued"])
    while number:
        key = memory["keys"][number]
        rows.append(IntakeRow(shopper=key["shopper"], key=_key_name(key, seed)))
        number = int(key["next_queued"])
    return rows
