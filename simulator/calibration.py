"""Calibration: from what was observed of the real system to the profile with which the model runs.

One client back to back shows what an order asks for. There everything happens one after the other, so what
is no CPU of any role is the flush to disk and the way between client and system; what lies outside all spans
is the worker's own work and that way; and each span is the worker's part, the server's part and the flush.

Many clients on one row show what contention adds, which no light load can: the model itself runs under the
same closed load, with the cost of waking a waiter as the one unknown, until it takes as many orders a second.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median

from scipy.optimize import brentq

from simulator.closed_loop import ClosedLoop
from simulator.decomposition import Repeats, Stretch, decompose
from simulator.observation import Kind, Observation
from simulator.profile import Demand, Profile, Saturation, StrategyDemands
from simulator.strategies import Strategy, strategy_named

_KINDS: tuple[Kind, ...] = ("back_to_back", "saturated", "refused", "sold_out")
_KINDS_OF_ANY_STRATEGY: tuple[Kind, ...] = ("newcomers", "browse")
_STRAINED: tuple[Kind, ...] = ("saturated", "refused", "sold_out")  # kinds in which the machine sets the pace
_WAKE_MS = (0.0, 0.05)  # where the cost of waking a waiter is looked for: a context switch and a look
_STRETCH = (0.4, 2.5)  # where the database's CPU is, relative to that of an order which meets nobody
_TOLERANCE = 0.005  # of the throughput
_STEPS = 1 / 200  # of a range: as finely as it is searched
_WARMUP_S = 0.2
_DURATION_S = 1.0
_P95_SIGMAS = 1.6449  # the 95th percentile of the standard normal distribution
_SIGMAS_A_MEDIAN = 1.4826  # its standard deviation in median absolute deviations

Runs = Mapping[tuple[str, Kind], Repeats]


class CalibrationError(ValueError):
    """Observations that do not make a profile; the text says what is missing or does not fit together."""


def fit(
    observations: Sequence[Observation],
    *,
    machine: Mapping[str, str | int | float | None],
    versions: Mapping[str, str],
    made_at: str,
) -> Profile:
    """The profile under which the model does what was observed.

    Args:
        observations: of every strategy, one or more of each kind; of `newcomers` and `browse` in all.
        machine: where they were made.
        versions: of the packages they were made with.
        made_at: when, as ISO 8601 with the offset from UTC.

    Raises:
        CalibrationError: a kind is missing, or the observations were made with different settings.
        ValueError: the model has no such strategy.
    """
    workers, pool_size, system_cores = _settings(observations)
    names = list(dict.fromkeys(one.strategy for one in observations))
    runs = _runs(observations, names)
    pages = _of_any_strategy(observations, "browse")
    newcomers = _of_any_strategy(observations, "newcomers")
    wire_ms = pages.idle_ms()
    board_ms = median(runs[name, "sold_out"].cpu_ms("worker") for name in names)
    flush_ms = max(0.0, median(runs[name, "back_to_back"].idle_ms() for name in names) - wire_ms)
    profile = Profile(
        made_at=made_at,
        machine=dict(machine),
        versions=dict(versions),
        system_cores=system_cores,
        workers=workers,
        pool_size=pool_size,
        wire_ms=wire_ms,
        connect_ms=max(0.0, newcomers.cpu_ms("worker") - board_ms),
        unevenness=median(_unevenness(runs[name, "back_to_back"]) for name in names),
        speed_spread=_speed_spread(observations),
        browse=Demand(worker_ms=pages.cpu_ms("worker"), database_ms=pages.cpu_ms("database")),
        strategies={name: _demands(strategy_named(name), runs, wire_ms, flush_ms) for name in names},
        saturation={},
    )
    fitted = {
        name: _with_contention(profile, strategy_named(name), runs[name, "saturated"]) for name in names
    }
    return profile.model_copy(
        update={
            "strategies": {name: demands for name, (demands, _) in fitted.items()},
            "saturation": {name: saturation for name, (_, saturation) in fitted.items()},
        }
    )


def _settings(observations: Sequence[Observation]) -> tuple[int, int, int]:
    settings = {(one.workers, one.pool_size, one.system_cores) for one in observations}
    if len(settings) != 1:
        raise CalibrationError(
            f"observations with (workers, pool size, cores) = {sorted(settings)}; expected the same for all"
        )
    return settings.pop()


def _runs(observations: Sequence[Observation], strategies: Sequence[str]) -> Runs:
    grouped: defaultdict[tuple[str, Kind], list[Observation]] = defaultdict(list)
    for one in observations:
        grouped[one.strategy, one.kind].append(one)
    missing = [f"{kind} of {name}" for name in strategies for kind in _KINDS if (name, kind) not in grouped]
    kinds = {one.kind for one in observations}
    missing += [kind for kind in _KINDS_OF_ANY_STRATEGY if kind not in kinds]
    if missing:
        raise CalibrationError(f"no observation of kind {', '.join(missing)}; expected at least one of each")
    return {key: Repeats(repeats) for key, repeats in grouped.items()}


def _of_any_strategy(observations: Sequence[Observation], kind: Kind) -> Repeats:
    return Repeats([one for one in observations if one.kind == kind])


def _unevenness(alone: Repeats) -> float:
    """Of a log-normal distribution with the same ratio of the 95th percentile to the median."""
    return alone.median(lambda run: math.log(run.latency_ms.p95 / run.latency_ms.p50) / _P95_SIGMAS)


def _speed_spread(observations: Sequence[Observation]) -> float:
    """How far the next run is from the mean of these, as the deviation of a logarithm.

    Where runs were repeated, from how they differ; where not, from the probes of the machine's speed. Those
    are short, and one that was disturbed must not decide: hence their median deviation.
    """
    grouped: defaultdict[tuple[str, Kind], list[float]] = defaultdict(list)
    for one in observations:
        if one.kind in _STRAINED:
            grouped[one.strategy, one.kind].append(math.log(one.per_s))
    repeats = fmean(len(group) for group in grouped.values())
    freedom = sum(len(group) - 1 for group in grouped.values())
    if freedom:
        squares = sum((value - fmean(group)) ** 2 for group in grouped.values() for value in group)
        spread = math.sqrt(squares / freedom)
    else:
        speeds = [math.log(one.machine_speed) for one in observations]
        spread = _SIGMAS_A_MEDIAN * median(abs(speed - median(speeds)) for speed in speeds)
    return spread * math.sqrt(1 + 1 / repeats)


def _demands(strategy: Strategy, runs: Runs, wire_ms: float, flush_ms: float) -> StrategyDemands:
    """All but what contention for the row adds."""
    alone = decompose(strategy, runs[strategy.name, "back_to_back"], wire_ms=wire_ms, flush_ms=flush_ms)
    busy = Stretch.towards(runs[strategy.name, "saturated"], alone, strategy)
    refused = Stretch.towards(runs[strategy.name, "refused"], alone, strategy)
    return StrategyDemands(
        order=replace(busy, database=1.0).of(alone),
        refusal=refused.of(alone),
        board_ms=runs[strategy.name, "sold_out"].cpu_ms("worker"),
        wake_ms=0.0,
    )


def _with_contention(
    profile: Profile, strategy: Strategy, saturated: Repeats
) -> tuple[StrategyDemands, Saturation]:
    """The demands with which the model takes as many orders a second as were observed.

    First the cost of waking a waiter is looked for; what it cannot explain is put down to the database, which
    may need more CPU for an order when it has no rest, or less.
    """
    demands = profile.demands(strategy.name)
    observed_per_s = saturated.median(lambda run: run.per_s)
    load = ClosedLoop(
        clients=saturated.observations[0].clients,
        workers=profile.workers,
        pool_size=profile.pool_size,
        warmup_s=_WARMUP_S,
        duration_s=_DURATION_S,
    )

    def modelled_per_s(tried: StrategyDemands) -> float:
        return load.orders_per_s(strategy, profile.model_copy(update={"strategies": {strategy.name: tried}}))

    def miss(tried: StrategyDemands) -> float:
        return math.log(modelled_per_s(tried) / observed_per_s)

    def waking(wake_ms: float) -> StrategyDemands:
        return demands.model_copy(update={"wake_ms": wake_ms})

    def stretched(times: float) -> StrategyDemands:
        return fitted.model_copy(update={"order": Stretch(database=times).of(demands.order)})

    fitted = waking(_root_or_end(lambda wake_ms: miss(waking(wake_ms)), *_WAKE_MS))
    if abs(miss(fitted)) > _TOLERANCE:
        fitted = stretched(_root_or_end(lambda times: miss(stretched(times)), *_STRETCH))
    return fitted, Saturation(
        observed_per_s=observed_per_s,
        modelled_per_s=modelled_per_s(fitted),
        runs=len(saturated.observations),
    )


def _root_or_end(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0, or the end of the range that comes nearest to it."""
    if falling(low) <= 0:
        return low
    if falling(high) >= 0:
        return high
    return float(brentq(falling, low, high, xtol=(high - low) * _STEPS))
