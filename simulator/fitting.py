"""What only many clients show, found by the model under the loads that were observed.

Where orders share a message or a batch: what that takes once, and what its orders take each. Where they
meet at a row: what it takes to wake one who waits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from scipy.optimize import brentq

from simulator.closed_loop import ClosedLoop
from simulator.decomposition import ROLES, Repeats, Role, ratio, scaled, scaled_order
from simulator.defaults import Settings
from simulator.observation import OPEN, Kind, Seen
from simulator.open_loop import SEEN, OpenLoop
from simulator.profile import Demand, Profile, StrategyDemands, Times
from simulator.strategies import Step, Strategy

_WAKE_MS = (0.0, 0.15)  # where the cost of waking a waiter is looked for: a context switch and a look
_COLD_MS = (0.0, 6.0)  # where the coldness of a core is looked for
_IN_COMPANY = (0.4, 2.5)  # where the database's CPU is, relative to that of an order which meets nobody
_FLUSHES = (1.0, 6.0)  # how many times longer than alone a flush may take
_TOLERANCE = 0.005  # of the throughput
_STEPS = 1 / 1000  # of a range: as finely as it is searched
_BUSY = 0.9  # of the cores, in a run in which they set the pace; below, timers do
_ROUNDS = 10  # of correcting demands until the model uses the CPU that was measured, at most
_SETTLED = 0.001  # a round that corrects nothing by more of itself is the last
_CAUTION = 0.7  # the power of a correction that is made: batches are larger or smaller for it
_LEAST, _MOST = 0.02, 20.0  # by which times demands are corrected in one round
_WARMUP_S = 0.2
_DURATION_S = 1.0


@dataclass(frozen=True)
class Observed:
    """The runs of one strategy by kind, and the model that is held against them."""

    strategy: Strategy
    runs: Mapping[Kind, Repeats]
    profile: Profile

    def look(self, kind: Kind, demands: StrategyDemands) -> Seen:
        """What the model does with these demands under the load of a kind of run, at an even speed."""
        tried = self.profile.model_copy(
            update={"strategies": {self.strategy.name: demands}, "speeds": (1.0,), "speed_spread": 0.0}
        )
        return self._load(kind, demands).look(self.strategy, tried)

    def _load(self, kind: Kind, demands: StrategyDemands) -> OpenLoop | ClosedLoop:
        run = self.runs[kind].observations[0]
        settings = Settings(workers=run.workers, pool_size=run.pool_size)
        if kind in OPEN:
            per_s = self.runs[kind].median(lambda one: one.offered_per_s)
            return OpenLoop(kind, per_s, run.duration_s / SEEN, settings)
        whole_s = run.clients * demands.order.cpu_ms / 1e3  # until all have their first answer, at most
        warmup_s, duration_s = max(_WARMUP_S, whole_s), max(_DURATION_S, 2 * whole_s)
        load = ClosedLoop(kind, run.clients, settings, warmup_s, duration_s)
        if self.strategy.does(Step.RESERVE):
            sold = self.runs[kind].median(lambda one: one.sold_by_half_time - one.per_s * duration_s / 2)
            load = replace(load, entries=max(0, round(sold)))
        return load

    @property
    def shows_waking(self) -> bool:
        """Whether orders met at a row often enough to tell what a waiter's waking takes."""
        polls = any(self.strategy.does(step) for step in (Step.LEASE, Step.LEASE_FENCED))
        return self.is_busy and not (self.strategy.shares_work or polls)

    @property
    def is_busy(self) -> bool:
        """Whether the cores set the pace of the crowded runs."""
        return self.runs["crowded"].median(lambda run: run.busy_share) > _BUSY


def uncontended(observed: Observed) -> StrategyDemands:
    """The demands of an order, and of what many share, with which the model uses as much CPU as was observed
    where nothing is fought for; the profile has one client's."""
    alone = observed.profile.demands(observed.strategy.name)
    return _shared(observed, alone) if observed.strategy.shares_work else alone


def cold_ms(observed: Observed, demands: StrategyDemands) -> float:
    """With how cold a core the model uses as much CPU as the system did under a light load."""
    seen_ms = sum(observed.runs["light"].cpu_ms(role) for role in ROLES)

    def missing_ms(cold_ms: float) -> float:
        seen = observed.look("light", demands.model_copy(update={"cold_ms": cold_ms}))
        modelled = Repeats([seen.observation])
        return seen_ms - sum(modelled.cpu_ms(role) for role in ROLES)

    return _root_or_end(missing_ms, *_COLD_MS)


def contended(observed: Observed, demands: StrategyDemands, cold_ms: float) -> StrategyDemands:
    """The demands with which the model takes as many orders a second as were observed in a crowd.

    Args:
        demands: the uncontended ones.
        cold_ms: of the demands, where orders do not wait for others to come. Where they do, the core rests
            between batches when there is one client, and what was found with one has it in it.
    """
    if not observed.strategy.waits_for_others:
        demands = demands.model_copy(update={"cold_ms": cold_ms})
    if not observed.strategy.shares_work:
        demands = _in_company(observed, demands)
    if observed.is_busy:
        demands = _with_contention(observed, demands)
        demands = _with_contention(observed, _partly_unused(observed, demands))
    elif observed.strategy.does(Step.SEND):
        demands = _with_flushes(observed, demands)
    return _refused(observed, demands)


def _with_flushes(observed: Observed, demands: StrategyDemands) -> StrategyDemands:
    """The demands with which a lane takes as many orders a second as it did, where that is what binds.

    After each flush in a message the database waits for its core, longer than the model knows: it has the
    time of that from the pace.
    """
    per_s = observed.runs["crowded"].median(lambda run: run.per_s)

    def flushing(times: float) -> StrategyDemands:
        stages = {
            span: one.model_copy(update={"flush_ms": one.flush_ms * times})
            for span, one in demands.order.stages.items()
        }
        return demands.model_copy(update={"order": demands.order.model_copy(update={"stages": stages})})

    def miss(times: float) -> float:
        return math.log(observed.look("crowded", flushing(times)).observation.per_s / per_s)

    return flushing(_root_or_end(miss, *_FLUSHES))


def _partly_unused(observed: Observed, demands: StrategyDemands) -> StrategyDemands:
    """The same, with cores that are no busier in a crowd than they were: the model knows no switches."""
    busy = observed.runs["crowded"].median(lambda run: run.busy_share)
    modelled = observed.look("crowded", demands).observation.busy_share
    return demands.model_copy(update={"unused_share": max(0.0, 1 - busy / modelled)})


def _in_company(observed: Observed, demands: StrategyDemands) -> StrategyDemands:
    """The demands with which the model uses as much CPU as the system did in a crowd.

    Where the cores set the pace, that of the database is found by the pace.
    """
    roles = [role for role in ROLES if role != "database" or not observed.is_busy]
    for _ in range(_ROUNDS):
        modelled = Repeats([observed.look("crowded", demands).observation])
        each = {
            role: _bounded(ratio(observed.runs["crowded"].cpu_ms(role), modelled.cpu_ms(role)))
            for role in roles
        }
        company = demands.in_company.model_dump()
        company |= {role: company[role] * times for role, times in each.items()}
        demands = demands.model_copy(update={"in_company": Times(**company)})
        if _is_settled(each):
            break
    return demands


def _shared(observed: Observed, demands: StrategyDemands) -> StrategyDemands:
    """What an order takes for itself and what a batch takes once, so that the model uses as much CPU as the
    system did both where a batch has few orders and where it has many.

    Where orders wait for others, one client leaves the cores to rest between its batches of one, and tells
    little of those of a crowd.
    """
    kind: Kind = "light" if observed.strategy.waits_for_others else "back_to_back"
    for _ in range(_ROUNDS):
        few, many = (observed.look(one, demands) for one in (kind, "crowded"))
        each: dict[Role, float] = {}
        once: dict[Role, float] = {}
        for role in ROLES:
            each[role], once[role] = _corrections(
                _split(few, demands, role),
                observed.runs[kind].cpu_ms(role),
                _split(many, demands, role),
                observed.runs["crowded"].cpu_ms(role),
            )
        kept = demands.order.kept_answer
        order = scaled_order(demands.order, each).model_copy(update={"kept_answer": kept})
        demands = demands.model_copy(
            update={
                "order": order,
                "refusal": order,
                "once": {span: scaled(one, once) for span, one in demands.once.items()},
            }
        )
        if _is_settled(each) and _is_settled(once):
            break
    return demands


def _split(seen: Seen, demands: StrategyDemands, role: Role) -> tuple[float, float]:
    """The CPU of a role for each answer of the model: what is the order's own, and what is done once."""
    answered = seen.observation.answered
    whole_ms = float(getattr(seen.observation.cpu_s, role)) / answered * 1e3
    once_ms = sum(
        count * float(getattr(demands.once.get(span, Demand()), f"{role}_ms"))
        for span, count in seen.batches.items()
    )
    return max(0.0, whole_ms - once_ms / answered), once_ms / answered


def _corrections(
    few: tuple[float, float], few_ms: float, many: tuple[float, float], many_ms: float
) -> tuple[float, float]:
    """How many times more an order takes for itself, and a batch once, by the CPU that was measured.

    Two equations with two unknowns. Neither may be negative; what then does not fit, fits the busy runs.
    """
    determinant = few[0] * many[1] - many[0] * few[1]
    once = 1.0
    if abs(determinant) > 1e-12:
        once = (few[0] * many_ms - many[0] * few_ms) / determinant
    once = _bounded(once) ** _CAUTION if few[1] else 1.0
    return _bounded(ratio(many_ms - once * many[1], many[0])) ** _CAUTION, once


def _refused(observed: Observed, demands: StrategyDemands) -> StrategyDemands:
    """The demands of an order for units that are not there."""
    for _ in range(_ROUNDS // 2):
        seen = observed.look("refused", demands)
        each: dict[Role, float] = {}
        for role in ROLES:
            own_ms, once_ms = _split(seen, demands, role)
            each[role] = _bounded(ratio(observed.runs["refused"].cpu_ms(role) - once_ms, own_ms))
        demands = demands.model_copy(update={"refusal": scaled_order(demands.refusal, each)})
        if _is_settled(each):
            break
    return demands


def _with_contention(observed: Observed, demands: StrategyDemands) -> StrategyDemands:
    """The demands with which the model takes as many orders a second as were observed.

    First the cost of waking a waiter is looked for; what it cannot explain is put down to the database, which
    may need more CPU for an order in company, or less. Where orders share lanes, they are always in company.
    """
    per_s = observed.runs["crowded"].median(lambda run: run.per_s)

    def miss(tried: StrategyDemands) -> float:
        return math.log(observed.look("crowded", tried).observation.per_s / per_s)

    def waking(wake_ms: float) -> StrategyDemands:
        return demands.model_copy(update={"wake_ms": wake_ms})

    def stretched(times: float) -> StrategyDemands:
        if observed.strategy.shares_work:
            return fitted.model_copy(update={"order": scaled_order(demands.order, {"database": times})})
        in_company = fitted.in_company.model_copy(update={"database": times})
        return fitted.model_copy(update={"in_company": in_company})

    fitted = demands
    if observed.shows_waking:
        fitted = waking(_root_or_end(lambda wake_ms: miss(waking(wake_ms)), *_WAKE_MS))
    if abs(miss(fitted)) > _TOLERANCE:
        fitted = stretched(_root_or_end(lambda times: miss(stretched(times)), *_IN_COMPANY))
    return fitted


def _is_settled(corrections: Mapping[Role, float]) -> bool:
    """Whether one more round would change next to nothing."""
    return all(abs(times - 1) <= _SETTLED for times in corrections.values())


def _bounded(times: float) -> float:
    return min(max(times, _LEAST), _MOST)


def _root_or_end(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0, or the end of the range that comes nearest to it."""
    if falling(low) <= 0:
        return low
    if falling(high) >= 0:
        return high
    return float(brentq(falling, low, high, xtol=(high - low) * _STEPS))
