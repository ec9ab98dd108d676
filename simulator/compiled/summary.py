"""The figures of a run that need no record: counts, and quantiles of what was waited for."""

from __future__ import annotations

from typing import NamedTuple

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

    `sold` are units by SKU; `retries` repetitions of an order with the same key by its shopper.
    """

    attempts: int
    outcomes: dict[Outcome, int]
    latency_ms: dict[Outcome, Latency]
    sold: dict[str, int]
    oversold: int
    orders_per_s: float
    peak_in_system: int
    retries: int
    ended_s: float


def summarize(memory: Memory, scenario: Scenario) -> Summary:
    """The figures of a run that is over."""
    attempts = memory["attempts"][1 : memory.world["attempts_used"]]
    outcomes = np.array([_OUTCOMES.index(ANSWERS[n].outcome) if n in ANSWERS else 0 for n in range(_CODES)])
    outcome = outcomes[attempts["answer"]]
    latency_ms = (attempts["done_s"] - attempts["intended_s"]) * 1e3
    by_outcome = {kind: latency_ms[outcome == number] for number, kind in enumerate(_OUTCOMES)}
    sold = _sold(memory, scenario)
    return Summary(
        attempts=len(attempts),
        outcomes={kind: len(values) for kind, values in by_outcome.items()},
        latency_ms={kind: _latency(values) for kind, values in by_outcome.items() if len(values)},
        sold={sku.sku: int(units) for sku, units in zip(scenario.skus, sold, strict=True)},
        oversold=int(np.maximum(0, sold - [sku.units for sku in scenario.skus]).sum()),
        orders_per_s=pace(_first_answers_s(attempts[outcome == _OUTCOMES.index(Outcome.BOUGHT)])),
        peak_in_system=_peak(attempts["sent_s"], np.sort(attempts["done_s"])),
        retries=int(((attempts["key"] > 0) & (attempts["attempt"] > 0)).sum()),
        ended_s=float(memory.world["now_s"]),
    )


_OUTCOMES = list(Outcome)
_CODES = max(ANSWERS) + 1


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
