"""What an order asks for, taken apart: from latencies, spans and CPU times to demands by stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from simulator.observation import Observation
from simulator.profile import ROLES, Demand, OrderDemands, Role
from simulator.strategies import IN_REDIS, SHARED, WAITING, Stage, Step, Strategy

_ACCEPT_SHARE = 0.7  # of the worker's work outside the spans: what comes before the first of them, as clocked
_ASK = 0.1  # the worker's CPU for a statement of one row by its key, as a share of that for a product page
_LOOK_UP = 0.8  # the database's CPU for it, as a share of that for a product page
_LEAST_MS = 0.005  # of a server's CPU, for any statement or script
_ASKS = {Step.LEASE_FENCED: 2}  # how often a stage asks its server; the others do once
# Spans do not show how the work divides where orders wait for one another in them, or where a process of
# its own decides. These are milliseconds as a profiler saw them once; only their ratios matter.
_LIKELY_MS: Mapping[Step, Demand] = {
    Step.JOURNAL: Demand(worker_ms=0.25, database_ms=0.25),
    Step.BATCH: Demand(worker_ms=0.6, database_ms=0.8),
    Step.READ_INTAKE: Demand(consumer_ms=0.1, database_ms=0.06),
    Step.READ_STREAM: Demand(consumer_ms=0.2, redis_ms=0.02),
    Step.DECIDE: Demand(consumer_ms=0.5, database_ms=0.8),
    Step.SETTLE: Demand(consumer_ms=0.15, redis_ms=0.03),
}
_LIKELY_INQUIRY_MS = 0.12  # the worker's, beside those
_LIKELY_OUTSIDE_MS = 0.15
_LIKELY_ASK_MS = 0.1
_FOR_ALL = {Step.READ_INTAKE: 1.0, Step.READ_STREAM: 1.0, Step.SETTLE: 0.4}
_HALF = 0.5  # of other shared work: what is done once for all, before the busy runs tell


@dataclass(frozen=True)
class Repeats:
    """Runs of one kind under one strategy. Each figure is the median over them."""

    observations: Sequence[Observation]

    def median(self, figure: Callable[[Observation], float]) -> float:
        """The median of a figure of each run."""
        return median(figure(run) for run in self.observations)

    def without(self, number: int) -> Repeats:
        """All of them but one."""
        return Repeats([run for at, run in enumerate(self.observations) if at != number])

    def cpu_ms(self, role: str) -> float:
        """CPU of a role for each answer."""
        return self.median(lambda run: float(getattr(run.cpu_s, role)) / run.answered * 1e3)

    def idle_ms(self) -> float:
        """With one client: what of an answer's latency kept no CPU busy.

        Of the typical answer: the mean would have in it what other processes took, if there were any.
        """

        def idle_ms(run: Observation) -> float:
            cpu_s = sum(float(getattr(run.cpu_s, role)) for role in ROLES)
            return run.latency_ms.p50 - cpu_s / run.answered * 1e3

        return max(0.0, self.median(idle_ms))

    def outside_ms(self) -> float:
        """With one client: what of an answer's latency lies in none of its spans."""

        def outside_ms(run: Observation) -> float:
            spans = run.spans_ms.values()
            return run.latency_ms.p50 - sum(span.p50 * span.count / run.answered for span in spans)

        return max(0.0, self.median(outside_ms))

    def span_ms(self, span: str) -> float:
        """The length of a span."""
        return self.median(lambda run: run.spans_ms[span].p50)


def flushes(strategy: Strategy) -> int:
    """How often an order waits for the disk; 0 where timers hide it."""
    return 0 if strategy.waits_for_others else sum(strategy.flushes(stage) for stage in strategy.stages)


def look_up(page: Demand) -> Demand:
    """What a statement for one row by its key takes, where a product page takes `page`."""
    return Demand(worker_ms=page.worker_ms * _ASK, database_ms=page.database_ms * _LOOK_UP)


@dataclass(frozen=True)
class Parts:
    """The demands of an order that meets nobody: its own, and what it would share with others in a batch."""

    order: OrderDemands
    once: dict[str, Demand]


def decompose(
    strategy: Strategy, alone: Repeats, *, wire_ms: float, flush_ms: float, entry_ms: float, page: Demand
) -> Parts:
    """The demands of an order that meets nobody, from runs with one client.

    By role the sums are what was measured. How a span divides between the worker and a server is not seen;
    it is taken that the worker has as much to do with each answer that it waits for.
    """
    outside_ms = max(0.0, alone.outside_ms() - wire_ms)
    inquiry = Demand()
    worker_ms = _worker_ms(strategy, alone, outside_ms)
    if strategy.consumer:  # the answer is awaited in no span, so what lies outside is not the worker's work
        likely = dict.fromkeys(_asking(strategy), _LIKELY_ASK_MS) | _likely(strategy, "worker")
        scale = alone.cpu_ms("worker") / (_LIKELY_OUTSIDE_MS + _LIKELY_INQUIRY_MS + sum(likely.values()))
        outside_ms = _LIKELY_OUTSIDE_MS * scale
        inquiry = Demand(worker_ms=_LIKELY_INQUIRY_MS * scale)
        worker_ms = {stage: ms * scale for stage, ms in likely.items()}
    grown_ms = entry_ms * alone.median(lambda run: run.sold_by_half_time)
    by_role = {
        "worker_ms": worker_ms,
        "consumer_ms": _shared_out(alone.cpu_ms("consumer"), _likely(strategy, "consumer")),
        "database_ms": _shared_out(
            max(0.0, alone.cpu_ms("database") - grown_ms), _server_ms(strategy, alone, worker_ms, flush_ms)
        ),
        "redis_ms": _shared_out(
            alone.cpu_ms("redis"), _server_ms(strategy, alone, worker_ms, flush_ms, in_redis=True)
        ),
        "flush_ms": {stage: flush_ms for stage in strategy.all_stages if strategy.flushes(stage)},
        "entry_ms": {stage: entry_ms for stage in strategy.stages if stage.step is Step.RESERVE},
    }
    whole = {
        stage: Demand(**{name: ms.get(stage, 0.0) / _ASKS.get(stage.step, 1) for name, ms in by_role.items()})
        for stage in strategy.all_stages
        if stage.span
    }
    order = OrderDemands(
        accept_ms=outside_ms * _ACCEPT_SHARE,
        stages={stage.span: _each(stage, demand) for stage, demand in whole.items()},
        kept_answer=look_up(page),
        inquiry=inquiry,
        respond_ms=outside_ms * (1 - _ACCEPT_SHARE),
    )
    return Parts(order, {stage.span: _once(stage, one) for stage, one in whole.items() if stage.is_shared})


def _worker_ms(strategy: Strategy, alone: Repeats, outside_ms: float) -> dict[Stage, float]:
    """What lies in no span is the worker's own; of the rest each asking of a server has the same share."""
    connecting = [stage for stage in strategy.stages if stage.step is Step.CONNECT]
    connect_ms = alone.span_ms(connecting[0].span) if connecting else 0.0
    inside_ms = max(0.0, alone.cpu_ms("worker") - outside_ms - connect_ms * len(connecting))
    return dict.fromkeys(connecting, connect_ms) | _shared_out(inside_ms, _asking(strategy))


def _asking(strategy: Strategy) -> dict[Stage, float]:
    """How often each stage of an order asks a server for something."""
    return {stage: _ASKS.get(stage.step, 1) for stage in strategy.stages if stage.step not in WAITING}


def _server_ms(
    strategy: Strategy,
    alone: Repeats,
    worker_ms: Mapping[Stage, float],
    flush_ms: float,
    *,
    in_redis: bool = False,
) -> dict[Stage, float]:
    """The length of each span but for the worker's part and the flush; or what is likely where none shows."""
    likely = _likely(strategy, "redis" if in_redis else "database")
    spans = {
        stage: alone.span_ms(stage.span) - worker_ms[stage] - (flush_ms if strategy.flushes(stage) else 0.0)
        for stage in strategy.stages
        if stage in _asking(strategy)
        and stage.step not in _LIKELY_MS
        and (stage.step in IN_REDIS) == in_redis
    }
    return {stage: max(_LEAST_MS, ms) for stage, ms in spans.items()} | likely


def _likely(strategy: Strategy, role: Role) -> dict[Stage, float]:
    asked = {stage: _LIKELY_MS.get(stage.step, Demand()) for stage in strategy.all_stages}
    return {stage: ms for stage, demand in asked.items() if (ms := float(getattr(demand, f"{role}_ms"))) > 0}


def _share(stage: Stage) -> float:
    return _FOR_ALL.get(stage.step, _HALF if stage.step in SHARED else 0.0)


def _once(stage: Stage, whole: Demand) -> Demand:
    """The part of shared work that is done once; one flush, unless each order commits for itself."""
    flush_ms = 0.0 if stage.step is Step.SEND else whole.flush_ms
    return scaled(whole, dict.fromkeys(ROLES, _share(stage))).model_copy(update={"flush_ms": flush_ms})


def _each(stage: Stage, whole: Demand) -> Demand:
    flush_ms = 0.0 if stage.is_shared and stage.step is not Step.SEND else whole.flush_ms
    each = scaled(whole, dict.fromkeys(ROLES, 1 - _share(stage)))
    return each.model_copy(update={"flush_ms": flush_ms})


def scaled(demand: Demand, times: Mapping[Role, float]) -> Demand:
    """More or less CPU of each role; flush and entries as they are."""
    return demand.model_copy(
        update={f"{role}_ms": getattr(demand, f"{role}_ms") * times.get(role, 1.0) for role in ROLES}
    )


def scaled_order(demands: OrderDemands, times: Mapping[Role, float]) -> OrderDemands:
    """The same for all that an order asks for."""
    return demands.model_copy(
        update={
            "accept_ms": demands.accept_ms * times.get("worker", 1.0),
            "stages": {span: scaled(demand, times) for span, demand in demands.stages.items()},
            "kept_answer": scaled(demands.kept_answer, times),
            "inquiry": scaled(demands.inquiry, times),
            "respond_ms": demands.respond_ms * times.get("worker", 1.0),
        }
    )


def _shared_out(total: float, weights: Mapping[Stage, float]) -> dict[Stage, float]:
    whole = sum(weights.values())
    return {stage: total * weight / whole for stage, weight in weights.items()} if whole else {}


def ratio(measured: float, modelled: float) -> float:
    """How many times more was measured; 1 where nothing was modelled."""
    return measured / modelled if modelled else 1.0
