"""What the generator saw: kept as cheaply as can be while the load lasts, made into its record afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from scenarios import history
from scenarios.answers import FAILED, Reply, code_of, order_of, outcome_of, spans_of
from scenarios.arrivals import Arrivals
from scenarios.conditions import Generator
from scenarios.history import Attempt, Outcome
from scenarios.journey import Step
from scenarios.scenario import Scenario

_NO_ANSWER = FAILED | {Outcome.QUEUED}  # queued, and never told what became of it


class _Row(NamedTuple):
    step: Step
    intended_s: float
    sent_s: float
    acknowledged_s: float | None
    done_s: float
    outcome: Outcome
    reply: Reply


class Recorder:
    """Attempts in the order in which they ended, and running counts of their outcomes.

    Bodies and Server-Timing headers are kept as they came: reading them can wait until the load is over.
    """

    def __init__(self, scenario: Scenario, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._skus = [sku.sku for sku in scenario.skus]
        self._rows: list[_Row] = []
        self.outcomes: Counter[Outcome] = Counter()

    def note(
        self,
        step: Step,
        intended_s: float,
        sent_s: float,
        done_s: float,
        reply: Reply,
        *,
        acknowledged_s: float | None = None,
    ) -> Outcome:
        """Keep one attempt, and say how it ended. Times are in seconds since the run began."""
        outcome = outcome_of(step.operation, reply)
        self.outcomes[outcome] += 1
        self._rows.append(_Row(step, intended_s, sent_s, acknowledged_s, done_s, outcome, reply))
        return outcome

    def history(self) -> pl.DataFrame:
        """All attempts, with `history.SCHEMA`."""
        return history.frame(self._attempts())

    def _attempts(self) -> Iterator[Attempt]:
        arrivals = self._arrivals
        for step, intended_s, sent_s, acknowledged_s, done_s, outcome, reply in self._rows:
            order_id, total_won = order_of(reply)
            yield Attempt(
                arrival=step.arrival,
                attempt=step.attempt,
                operation=step.operation,
                shopper=int(arrivals.shopper[step.arrival]),
                bot=bool(arrivals.bot[step.arrival]),
                key=step.key,
                skus=[self._skus[sku] for sku, _ in step.cart],
                quantities=[quantity for _, quantity in step.cart],
                intended_s=intended_s,
                sent_s=sent_s,
                acknowledged_s=acknowledged_s,
                done_s=done_s,
                outcome=outcome,
                status=reply.status,
                code=code_of(reply),
                order_id=order_id,
                total_won=total_won,
                replayed=reply.replayed,
                spans=spans_of(reply.server_timing),
            )

    def answered(self) -> dict[str, bool]:
        """For each operation that was attempted, whether the shop answered any of the attempts."""
        answered: dict[str, bool] = {}
        for row in self._rows:
            operation = row.step.operation
            answered[operation] = answered.get(operation, False) or row.outcome not in _NO_ANSWER
        return answered

    def generator(self, *, offered: int, dropped: int, cpu_share: float) -> Generator:
        """How well the schedule was kept. Lateness is that of each arrival's first attempt."""
        first_sent: dict[int, float] = {}
        for row in self._rows:
            first_sent.setdefault(row.step.arrival, row.sent_s)
        began = np.fromiter(first_sent, dtype=np.int64)
        late_ms = (np.fromiter(first_sent.values(), dtype=np.float64) - self._arrivals.at_s[began]) * 1e3
        p50, p99, worst = np.quantile(late_ms, (0.5, 0.99, 1.0)).tolist() if len(late_ms) else (0.0,) * 3
        return Generator(
            offered=offered,
            sent=len(began),
            dropped=dropped,
            lateness_p50_ms=p50,
            lateness_p99_ms=p99,
            lateness_max_ms=worst,
            cpu_share=cpu_share,
        )
