"""What only many clients show, found by the model under the loads that were observed.

Where orders share a message or a batch: what that takes once, and what its orders take each. Where they
meet at a row: what it takes to wake one who waits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from simulator import bounds
from simulator.closed_loop import ClosedLoop
from simulator.corrections import (
    ROUNDS,
    Corrections,
    Used,
    balanced,
    ends,
    ends_of,
    for_itself_and_once,
    is_settled,
    root_or_end,
)
from simulator.decomposition import Repeats, scaled, scaled_order
from simulator.defaults import Settings
from simulator.observation import OPEN, Kind, Seen
from simulator.open_loop import SEEN, OpenLoop
from simulator.profile import ROLES, Demand, OrderDemands, Profile, Role, StrategyDemands, Times
from simulator.strategies import Step, Strategy

_TOLERANCE = 0.005  # of the throughput
_BUSY = 0.9  # of the cores, in a run in which they set the pace; below, timers do
_WARMUP_S = 0.2
_DURATION_S = 1.0


class Found(NamedTuple):
    """Demands, and the parameters whose fit ended on a bound, with that bound."""

    demands: StrategyDemands
    on_bounds: dict[str, float]


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


def uncontended(observed: Observed) -> Found:
    """The demands of an order, and of what many share, with which the model uses as much CPU as was observed
    where nothing is fought for; the profile has one client's."""
    alone = observed.profile.demands(observed.strategy.name)
    return _shared(observed, alone) if observed.strategy.shares_work else Found(alone, {})


def cold_ms(observed: Observed, demands: StrategyDemands) -> float:
    """With how cold a core the model uses as much CPU as the system did under a light load."""
    seen_ms = sum(observed.runs["light"].cpu_ms(role) for role in ROLES)

    def missing_ms(cold_ms: float) -> float:
        seen = observed.look("light", demands.model_copy(update={"cold_ms": cold_ms}))
        modelled = Repeats([seen.observation])
        return seen_ms - sum(modelled.cpu_ms(role) for role in ROLES)

    return root_or_end(missing_ms, bounds.COLD_MS)


def contended(observed: Observed, found: Found, cold_ms: float) -> Found:
    """The demands with which the model takes as many orders a second as were observed in a crowd.

    Args:
        found: the uncontended ones.
        cold_ms: of the demands, where orders do not wait for others to come. Where they do, the core rests
            between batches when there is one client, and what was found with one has it in it.
    """
    if not observed.strategy.waits_for_others:
        demands = found.demands.model_copy(update={"cold_ms": cold_ms})
        found = Found(demands, found.on_bounds | ends("cold_ms", cold_ms, bounds.COLD_MS))
    if not observed.strategy.shares_work:
        found = _in_company(observed, found)
    if observed.is_busy:
        unused_share = _unused_share(observed, _with_contention(observed, found).demands)
        demands = found.demands.model_copy(update={"unused_share": unused_share})
        found = _with_contention(observed, Found(demands, found.on_bounds))
    elif observed.strategy.does(Step.SEND):
        found = _with_flushes(observed, found)
    return _refused(observed, found)


def _shared(observed: Observed, alone: StrategyDemands) -> Found:
    """What an order takes for itself and what a batch takes once, so that the model uses as much CPU as the
    system did both where a batch has few orders and where it has many.

    Where orders wait for others, one client leaves the cores to rest between its batches of one, and tells
    little of those of a crowd.
    """
    kind: Kind = "light" if observed.strategy.waits_for_others else "back_to_back"
    each, once = dict.fromkeys(ROLES, 1.0), dict.fromkeys(ROLES, 1.0)
    demands = alone
    for _ in range(ROUNDS):
        few, many = (observed.look(one, demands) for one in (kind, "crowded"))
        before = (*each.values(), *once.values())
        for role in ROLES:
            corrected = for_itself_and_once(
                _split(few, demands, role),
                observed.runs[kind].cpu_ms(role),
                _split(many, demands, role),
                observed.runs["crowded"].cpu_ms(role),
            )
            each[role], once[role] = (
                bounds.TIMES.nearest(times[role] * correction)
                for times, correction in zip((each, once), corrected, strict=True)
            )
        order = _scaled_for_itself(alone.order, each)
        demands = alone.model_copy(
            update={
                "order": order,
                "refusal": order,
                "once": {span: scaled(one, once) for span, one in alone.once.items()},
            }
        )
        if is_settled(before, (*each.values(), *once.values())):
            break
    return Found(demands, ends_of("order", each, bounds.TIMES) | ends_of("once", once, bounds.TIMES))


def _scaled_for_itself(order: OrderDemands, times: Corrections) -> OrderDemands:
    """All but the look for a kept answer, which a batch does not take for it."""
    return scaled_order(order, times).model_copy(update={"kept_answer": order.kept_answer})


def _split(seen: Seen, demands: StrategyDemands, role: Role) -> tuple[float, float]:
    """The CPU of a role for each answer of the model: what is the order's own, and what is done once."""
    answered = seen.observation.answered
    whole_ms = float(getattr(seen.observation.cpu_s, role)) / answered * 1e3
    once_ms = sum(
        count * float(getattr(demands.once.get(span, Demand()), f"{role}_ms"))
        for span, count in seen.batches.items()
    )
    return max(0.0, whole_ms - once_ms / answered), once_ms / answered


def _in_company(observed: Observed, found: Found) -> Found:
    """The demands with which the model uses as much CPU as the system did in a crowd.

    Where the cores set the pace, that of the database is found by the pace.
    """
    roles = [role for role in ROLES if role != "database" or not observed.is_busy]

    def with_times(times: Corrections) -> StrategyDemands:
        return found.demands.model_copy(update={"in_company": Times.model_validate(times)})

    def used(times: Corrections) -> Used:
        modelled = Repeats([observed.look("crowded", with_times(times)).observation])
        return {role: (modelled.cpu_ms(role), 0.0) for role in roles}

    measured_ms = {role: observed.runs["crowded"].cpu_ms(role) for role in roles}
    times = balanced(used, measured_ms, bounds.IN_COMPANY)
    return Found(with_times(times), found.on_bounds | ends_of("in_company", times, bounds.IN_COMPANY))


def _refused(observed: Observed, found: Found) -> Found:
    """The demands of an order for units that are not there."""

    def with_times(times: Corrections) -> StrategyDemands:
        return found.demands.model_copy(update={"refusal": scaled_order(found.demands.order, times)})

    def used(times: Corrections) -> Used:
        demands = with_times(times)
        seen = observed.look("refused", demands)
        return {role: _split(seen, demands, role) for role in ROLES}

    measured_ms = {role: observed.runs["refused"].cpu_ms(role) for role in ROLES}
    times = balanced(used, measured_ms, bounds.TIMES)
    return Found(with_times(times), found.on_bounds | ends_of("refusal", times, bounds.TIMES))


def _with_contention(observed: Observed, found: Found) -> Found:
    """The demands with which the model takes as many orders a second as were observed.

    First the cost of waking a waiter is looked for; what it cannot explain is put down to the database, which
    may need more CPU for an order in company, or less. Where orders share lanes, they are always in company.
    """
    per_s = observed.runs["crowded"].median(lambda run: run.per_s)
    demands, on_bounds = found

    def miss(tried: StrategyDemands) -> float:
        return math.log(observed.look("crowded", tried).observation.per_s / per_s)

    def waking(wake_ms: float) -> StrategyDemands:
        return found.demands.model_copy(update={"wake_ms": wake_ms})

    def stretched(times: float) -> StrategyDemands:
        if observed.strategy.shares_work:
            order = scaled_order(demands.order, {"database": times})
            return demands.model_copy(update={"order": order})
        in_company = demands.in_company.model_copy(update={"database": times})
        return demands.model_copy(update={"in_company": in_company})

    if observed.shows_waking:
        wake_ms = root_or_end(lambda wake_ms: miss(waking(wake_ms)), bounds.WAKE_MS)
        demands, on_bounds = waking(wake_ms), on_bounds | ends("wake_ms", wake_ms, bounds.WAKE_MS)
    if abs(miss(demands)) > _TOLERANCE:
        times = root_or_end(lambda times: miss(stretched(times)), bounds.IN_COMPANY)
        path = "order.database" if observed.strategy.shares_work else "in_company.database"
        return Found(stretched(times), on_bounds | ends(path, times, bounds.IN_COMPANY))
    return Found(demands, on_bounds)


def _unused_share(observed: Observed, demands: StrategyDemands) -> float:
    """With which the cores are no busier in a crowd than they were: the model knows no switches."""
    busy = observed.runs["crowded"].median(lambda run: run.busy_share)
    modelled = observed.look("crowded", demands).observation.busy_share
    return bounds.UNUSED_SHARE.nearest(1 - busy / modelled)


def _with_flushes(observed: Observed, found: Found) -> Found:
    """The demands with which a lane takes as many orders a second as it did, where that is what binds.

    After each flush in a message the database waits for its core, longer than the model knows: it has the
    time of that from the pace.
    """
    per_s = observed.runs["crowded"].median(lambda run: run.per_s)
    order = found.demands.order

    def flushing(times: float) -> StrategyDemands:
        stages = {
            span: one.model_copy(update={"flush_ms": bounds.WAIT_MS.nearest(one.flush_ms * times)})
            for span, one in order.stages.items()
        }
        return found.demands.model_copy(update={"order": order.model_copy(update={"stages": stages})})

    def miss(times: float) -> float:
        return math.log(observed.look("crowded", flushing(times)).observation.per_s / per_s)

    times = root_or_end(miss, bounds.FLUSHES)
    return Found(flushing(times), found.on_bounds | ends("order.flush", times, bounds.FLUSHES))
