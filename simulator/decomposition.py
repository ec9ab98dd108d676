"""What an order asks for, taken apart: from latencies, spans and CPU times to demands by stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from simulator.observation import Observation
from simulator.profile import Demand, OrderDemands
from simulator.strategies import Stage, Step, Strategy

_ACCEPT_SHARE = 0.7  # of the worker's work outside the spans: what comes before the first of them
_LOOK_UP = 0.2  # the database's CPU for one row by its key, as a share of that for a whole order
_LEAST_MS = 0.005  # of a server's CPU, for any statement or script


@dataclass(frozen=True)
class Repeats:
    """Runs of one kind under one strategy. Each figure is the median over them."""

    observations: Sequence[Observation]

    def median(self, figure: Callable[[Observation], float]) -> float:
        """The median of a figure of each run."""
        return median(figure(run) for run in self.observations)

    def cpu_ms(self, role: str) -> float:
        """CPU of a role for each answer."""
        return self.median(lambda run: float(getattr(run.cpu_s, role)) / run.answered * 1e3)

    def idle_ms(self) -> float:
        """With one client: what of an answer's latency kept no CPU busy.

        Of the typical answer: the mean would have in it what other processes took, if there were any.
        """

        def idle_ms(run: Observation) -> float:
            cpu_s = run.cpu_s.worker + run.cpu_s.database + run.cpu_s.redis
            return run.latency_ms.p50 - cpu_s / run.answered * 1e3

        return max(0.0, self.median(idle_ms))

    def outside_ms(self) -> float:
        """With one client: what of an answer's latency lies in none of its spans."""
        outside = self.median(
            lambda run: run.latency_ms.p50 - sum(span.p50 for span in run.spans_ms.values())
        )
        return max(0.0, outside)

    def span_ms(self, span: str) -> float:
        """The length of a span."""
        return self.median(lambda run: run.spans_ms[span].p50)

    def times(self, span: str) -> float:
        """How often a span occurs in an answer."""
        return self.median(
            lambda run: run.spans_ms[span].count / run.answered if span in run.spans_ms else 0.0
        )


def decompose(strategy: Strategy, alone: Repeats, *, wire_ms: float, flush_ms: float) -> OrderDemands:
    """The demands of an order that meets nobody, from runs with one client.

    By role the sums are what was measured. How a span divides between the worker and a server is not seen;
    it is taken that the worker has as much to do with each answer that it waits for.
    """
    outside_ms = max(0.0, alone.outside_ms() - wire_ms)
    connect_ms = sum(alone.span_ms(span) for span, step in strategy.stages if step is Step.CONNECT)
    asking = [stage for stage in strategy.stages if stage.step is not Step.CONNECT]
    each_ms = max(0.0, alone.cpu_ms("worker") - outside_ms - connect_ms) / len(asking)

    flushed = _flushed(strategy)
    server_ms = {
        stage: max(_LEAST_MS, alone.span_ms(stage.span) - each_ms - (flush_ms if stage == flushed else 0.0))
        for stage in asking
    }
    in_database = _shared_out(
        alone.cpu_ms("database"), {stage: server_ms[stage] for stage in asking if not _in_redis(stage)}
    )
    in_redis = _shared_out(
        alone.cpu_ms("redis"), {stage: server_ms[stage] for stage in asking if _in_redis(stage)}
    )
    return OrderDemands(
        accept_ms=outside_ms * _ACCEPT_SHARE,
        stages={
            stage.span: Demand(worker_ms=connect_ms)
            if stage.step is Step.CONNECT
            else Demand(
                worker_ms=each_ms,
                database_ms=in_database.get(stage, 0.0),
                redis_ms=in_redis.get(stage, 0.0),
                flush_ms=flush_ms if stage == flushed else 0.0,
            )
            for stage in strategy.stages
        },
        kept_answer=Demand(worker_ms=each_ms, database_ms=alone.cpu_ms("database") * _LOOK_UP),
        respond_ms=outside_ms * (1 - _ACCEPT_SHARE),
    )


def _in_redis(stage: Stage) -> bool:
    return stage.step in (Step.HOLD, Step.CONFIRM)


def _flushed(strategy: Strategy) -> Stage:
    """The stage that ends with the flush to disk."""
    steps = {stage.step: stage for stage in strategy.stages}
    return steps.get(Step.COMMIT, steps[Step.PLACE])


def _shared_out(total: float, weights: dict[Stage, float]) -> dict[Stage, float]:
    whole = sum(weights.values())
    return {stage: total * weight / whole for stage, weight in weights.items()}


@dataclass(frozen=True)
class Stretch:
    """How many times more, or less, CPU a role takes."""

    worker: float = 1.0
    database: float = 1.0
    redis: float = 1.0

    @classmethod
    def towards(cls, busy: Repeats, demands: OrderDemands, strategy: Strategy) -> Stretch:
        """What makes `demands` add up to the CPU that was measured in busy runs, by role."""
        steps = {stage.step: stage.span for stage in strategy.stages}
        done = [(busy.times(span), demand) for span, demand in demands.stages.items()]
        done.append((busy.times("kept_answer"), demands.kept_answer))
        if Step.BEGIN in steps:  # a transaction that does not commit has a ROLLBACK, which no span shows
            rolled_back = busy.times(steps[Step.BEGIN]) - busy.times(steps[Step.COMMIT])
            done.append((rolled_back, demands.stages[steps[Step.BEGIN]]))
        fixed_ms = demands.accept_ms + demands.respond_ms
        worker_ms = fixed_ms + sum(times * demand.worker_ms for times, demand in done)
        database_ms = sum(times * demand.database_ms for times, demand in done)
        redis_ms = sum(times * demand.redis_ms for times, demand in done)
        return cls(
            worker=_ratio(busy.cpu_ms("worker"), worker_ms),
            database=_ratio(busy.cpu_ms("database"), database_ms),
            redis=_ratio(busy.cpu_ms("redis"), redis_ms),
        )

    def of(self, demands: OrderDemands) -> OrderDemands:
        """The demands, stretched."""
        return OrderDemands(
            accept_ms=demands.accept_ms * self.worker,
            stages={span: self._of(demand) for span, demand in demands.stages.items()},
            kept_answer=self._of(demands.kept_answer),
            respond_ms=demands.respond_ms * self.worker,
        )

    def _of(self, demand: Demand) -> Demand:
        return Demand(
            worker_ms=demand.worker_ms * self.worker,
            database_ms=demand.database_ms * self.database,
            redis_ms=demand.redis_ms * self.redis,
            flush_ms=demand.flush_ms,
        )


def _ratio(measured: float, modelled: float) -> float:
    return measured / modelled if modelled else 1.0
