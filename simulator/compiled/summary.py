"""The figures of a run that need no record: counts, and quantiles of what was waited for."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from reports.metrics import pace
from scenarios.history import Outcome
from scenarios.scenario import Scenario
from simulator.compiled.answers import ANSWERS
from simulator.compiled.leavings import lines_of
from simulator.compiled.memory import Memory
from simulator.compiled.parts import kept

Floats = NDArray[np.float64]


class Latency(NamedTuple):
    """From the intended moment to the last answer, in ms: values that occurred, not between two of them."""

    p50: float
    p95: float
    p99: float
    max: float


class Summary(NamedTuple):
    """The figures of one run, each as `reports.metrics` defines it.

    `order_ms` is the latency of all attempts to order, None where there was none; `sold` are units by SKU;
    `retries` repetitions of an order with the same key by its shopper.
    """

    attempts: int
    outcomes: dict[Outcome, int]
    latency_ms: dict[Outcome, Latency]
    order_ms: Latency | None
    sold: dict[str, int]
    oversold: int
    orders_per_s: float
    peak_in_system: int
    retries: int
    ended_s: float


def summarize(memory: Memory, scenario: Scenario) -> Summary:
    """The figures of a run that is over."""
    attempts = memory["attempts"][1 : memory.world["attempts_used"]]
    columns = _Columns.empty(len(attempts))
    retries = _read(attempts, _OUTCOME_OF, columns)
    counts = np.bincount(columns.outcome, minlength=len(_OUTCOMES)).tolist()
    sold = _sold(memory, scenario)
    orders_ms = columns.latency_ms[attempts["key"] > 0]
    return Summary(
        attempts=len(attempts),
        outcomes=dict(zip(_OUTCOMES, counts, strict=True)),
        latency_ms={
            kind: _latency(columns.latency_ms[columns.outcome == number])
            for number, kind in enumerate(_OUTCOMES)
            if counts[number]
        },
        order_ms=_latency(orders_ms) if len(orders_ms) else None,
        sold={sku.sku: int(units) for sku, units in zip(scenario.skus, sold, strict=True)},
        oversold=int(np.maximum(0, sold - [sku.units for sku in scenario.skus]).sum()),
        orders_per_s=pace(_first_answers_s(attempts[columns.outcome == _OUTCOMES.index(Outcome.BOUGHT)])),
        peak_in_system=_peak(columns.sent_s, columns.done_s),
        retries=retries,
        ended_s=float(memory.world["now_s"]),
    )


_OUTCOMES = list(Outcome)
_OUTCOME_OF = np.array(
    [_OUTCOMES.index(ANSWERS[code].outcome) if code in ANSWERS else 0 for code in range(max(ANSWERS) + 1)],
    np.uint8,
)
"""The number of an answer's outcome, by the answer's."""


class _Columns(NamedTuple):
    """What is asked of all attempts, in the order in which they were sent; `done_s` in that of their ends."""

    outcome: NDArray[np.uint8]
    latency_ms: Floats
    sent_s: Floats
    done_s: Floats

    @classmethod
    def empty(cls, attempts: int) -> Self:
        return cls(np.empty(attempts, np.uint8), *(np.empty(attempts) for _ in range(3)))


@kept
def _read(attempts: Any, outcome_of: NDArray[np.uint8], columns: _Columns) -> int:
    """Fill the columns, all in one reading of hundreds of megabytes; how many attempts were retries."""
    retries = 0
    for number in range(len(attempts)):
        one = attempts[number]
        columns.outcome[number] = outcome_of[one.answer]
        columns.latency_ms[number] = (one.done_s - one.intended_s) * 1e3
        columns.sent_s[number] = one.sent_s
        columns.done_s[one.noted - 1] = one.done_s
        retries += one.key > 0 and one.attempt > 0
    return retries


def _latency(ms: Floats) -> Latency:
    ranks = [max(0, int(np.ceil(share * len(ms))) - 1) for share in (0.5, 0.95, 0.99, 1.0)]
    return Latency(*np.partition(ms, ranks)[ranks].tolist())


def _first_answers_s(bought: NDArray[np.void]) -> Floats:
    """When each order was acknowledged: a kept answer is not a second order."""
    in_time = bought[np.argsort(bought["done_s"], kind="stable")]
    _, first = np.unique(in_time["key"], return_index=True)
    return in_time["done_s"][first].astype(np.float64)


@kept
def _peak(sent_s: Floats, done_s: Floats) -> int:
    """The most, over all sendings, of those sent so far less those answered before; both are sorted."""
    answered = most = 0
    for sent, at_s in enumerate(sent_s, 1):
        while answered < len(done_s) and done_s[answered] <= at_s:
            answered += 1
        most = max(most, sent - answered)
    return most


def _sold(memory: Memory, scenario: Scenario) -> NDArray[np.int64]:
    keys = memory["keys"][: memory.world["keys_used"]]
    placed = keys[keys["placed"] > 0]
    lines, _ = lines_of(memory, placed)
    units = np.bincount(lines["sku"], weights=lines["quantity"], minlength=len(scenario.skus))
    return units.astype(np.int64)
