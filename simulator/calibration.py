"""Calibration: from what was observed of the real system to the profile with which the model runs.

One client back to back shows what an order asks for. There everything happens one after the other, so what
is no CPU of any role is the flush to disk and the way between client and system; what lies outside all spans
is the worker's own work and that way; and each span is the worker's part, the server's part and the flush.

Shoppers who come in an open loop, as to a drop, show the rest: few, how cold a core grows between them; more
than there can be orders, what contention adds and what sharing saves. (Clients in a closed loop would not:
the answers of one batch make the next come all at once.) The model itself meets the same shoppers, until it
uses as much CPU and takes as many orders a second.

Clients with tokens of their own show what newcomers cost. How fast the machine was in each run a probe tells;
the runs are compared as if it had always been as fast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import fmean, median
from typing import NamedTuple

from pydantic import ValidationError

from scenarios.complaints import complaints
from simulator import direct, fitting
from simulator.bounds import SPEED
from simulator.cores import prepare, spread
from simulator.decomposition import Repeats, decompose
from simulator.direct import Runs
from simulator.fitting import Found, Observed
from simulator.observation import OPEN, Kind, Observation
from simulator.profile import ClosedRun, Demand, Fit, Interval, Profile, StrategyDemands
from simulator.strategies import Step, Strategy, strategy_named
from simulator.uncertainty import SHOW_MISFITS, intervals, misfits, spread_of_repeats, typical

_KINDS: tuple[Kind, ...] = ("sold_out", "back_to_back", "saturated", "late", "refused", *OPEN)
KINDS_OF_ANY_STRATEGY: tuple[Kind, ...] = ("strangers", "browse")
_SHOW_THE_FIT: tuple[Kind, ...] = ("back_to_back", "saturated", *OPEN)
_DIGITS = 3  # of a speed: it is not known better


class CalibrationError(ValueError):
    """Observations that do not make a profile; the text says what is missing or does not fit together."""


def fit(
    observations: Sequence[Observation],
    *,
    machine: Mapping[str, str | int | float | None],
    versions: Mapping[str, str],
    made_at: str,
    with_intervals: bool = False,
    only: str | None = None,
) -> Profile:
    """The profile under which the model does what was observed.

    Args:
        observations: of every strategy, one or more of each kind; of `KINDS_OF_ANY_STRATEGY` in all.
        machine: where they were made.
        versions: of the packages they were made with.
        made_at: when, as ISO 8601 with the offset from UTC.
        with_intervals: of every demand, where runs were repeated; takes one more fit for each round.
        only: this strategy alone, on the machine as it was in its runs; those of others, which may have been
            made in another hour, tell what is the same for all.

    Raises:
        CalibrationError: a kind is missing, the observations were made with different settings, or what was
            observed gives a parameter that no machine has.
        ValueError: the model has no such strategy.
    """
    workers, pool_size, system_cores = _settings(observations)
    if only and not any(one.strategy == only for one in observations):
        raise CalibrationError(f"no observation of {only}; expected at least one of each kind")
    speeds = [speed for one in observations if only in (None, one.strategy) for speed in one.machine_speeds]
    speed = fmean(speeds)
    observations = [one.at_speed(speed) for one in observations]
    strategies = [strategy_named(name) for name in dict.fromkeys(one.strategy for one in observations)]
    runs = _runs(observations, strategies)
    pages = _of_any_strategy(observations, "browse")
    with _of_a_machine("browse."):
        page = Demand(worker_ms=pages.cpu_ms("worker"), database_ms=pages.cpu_ms("database"))
    wire_ms = pages.idle_ms()
    flush_ms = direct.flush_ms(strategies, runs, wire_ms)
    alone = {one.name: _alone(one, runs[one.name], wire_ms, flush_ms, page) for one in strategies}
    board_ms = median(demands.board_ms for demands in alone.values())
    to_fit = [one for one in strategies if only in (None, one.name)]
    with _of_a_machine():
        profile = Profile(
            made_at=made_at,
            machine=dict(machine),
            versions=dict(versions),
            system_cores=system_cores,
            workers=workers,
            pool_size=pool_size,
            wire_ms=wire_ms,
            generator=direct.generator(observations),
            identify_ms=max(0.0, _of_any_strategy(observations, "strangers").cpu_ms("worker") - board_ms),
            unevenness=direct.unevenness(strategies, runs),
            speed=speed,
            speeds=tuple(SPEED.nearest(round(one / speed, _DIGITS)) for one in speeds),
            speed_spread=spread_of_repeats(observations),
            browse=page,
            strategies={one.name: alone[one.name] for one in to_fit},
            fits={},
        )
    observed = [Observed(one, runs[one.name], profile) for one in to_fit]
    prepare()
    rested = list(spread(_rested, observed))
    cold_ms = [one.cold_ms for one in rested if one.cold_ms is not None]
    fitting_one = partial(
        _fitted,
        cold_ms=median(cold_ms) if cold_ms else 0.0,  # a core grows as cold whatever it works for
        wire_ms=wire_ms,
        flush_ms=flush_ms,
        page=page,
        with_intervals=with_intervals,
    )
    found = list(spread(fitting_one, rested))
    fitted = dict(zip((one.name for one in to_fit), found, strict=True))
    demands = {name: one.demands for name, one in fitted.items()}
    known = profile.model_copy(
        update={
            "misfits": typical([one.misfits for one in found]),
            "strategies": _waking_alike(demands, [one.strategy.name for one in observed if one.shows_waking]),
            "fits": {name: one.fits for name, one in fitted.items()},
            "intervals": {name: one.intervals for name, one in fitted.items() if one.intervals},
            "on_bounds": {name: one.on_bounds for name, one in fitted.items() if one.on_bounds},
        }
    )
    with _of_a_machine():
        return Profile.model_validate(known.model_dump())


@contextmanager
def _of_a_machine(what: str = "") -> Iterator[None]:
    """Refuse parameters that no machine has, with their names; `what` stands before these."""
    try:
        yield
    except ValidationError as error:
        wrong = "; ".join(f"{what}{one}" for one in complaints(error, Profile))
        raise CalibrationError(f"{wrong}; calibrate again while nothing else uses the machine") from error


def _alone(
    strategy: Strategy, runs: Mapping[Kind, Repeats], wire_ms: float, flush_ms: float, page: Demand
) -> StrategyDemands:
    """What is asked for where nobody meets anybody."""
    with _of_a_machine(f"{strategy.name}."):
        parts = decompose(
            strategy,
            runs["back_to_back"],
            wire_ms=wire_ms,
            flush_ms=flush_ms,
            entry_ms=direct.entry_ms(strategy, runs),
            page=page,
        )
        board_ms = runs["sold_out"].cpu_ms("worker")
        return StrategyDemands(
            order=parts.order,
            refusal=parts.order,
            once=parts.once,
            board_ms=board_ms,
            wake_ms=0.0,
            cold_ms=0.0,
        )


class _Rested(NamedTuple):
    """A strategy, its uncontended demands, and how cold a core it shows; None if orders wait for others."""

    observed: Observed
    uncontended: Found
    cold_ms: float | None


def _rested(observed: Observed) -> _Rested:
    found = fitting.uncontended(observed)
    waits = observed.strategy.waits_for_others
    return _Rested(observed, found, None if waits else fitting.cold_ms(observed, found.demands))


class _Fitted(NamedTuple):
    demands: StrategyDemands
    fits: dict[str, Fit]
    misfits: dict[str, float]
    intervals: dict[str, Interval]
    on_bounds: dict[str, float]


def _fitted(
    rested: _Rested, *, cold_ms: float, wire_ms: float, flush_ms: float, page: Demand, with_intervals: bool
) -> _Fitted:
    observed = rested.observed
    demands, on_bounds = fitting.contended(observed, rested.uncontended, cold_ms)
    repeated = {kind: observed.runs[kind] for kind in kinds_of(observed.strategy)}
    rounds = min(len(repeats.observations) for repeats in repeated.values())

    def without(number: int) -> StrategyDemands:
        """Fitted to all rounds but one."""
        runs = {kind: repeats.without(number) for kind, repeats in repeated.items()}
        alone = {observed.strategy.name: _alone(observed.strategy, runs, wire_ms, flush_ms, page)}
        profile = observed.profile.model_copy(update={"strategies": alone})
        fewer = Observed(observed.strategy, runs, profile)
        return fitting.contended(fewer, fitting.uncontended(fewer), cold_ms).demands

    known = with_intervals and rounds > 1
    return _Fitted(
        demands,
        {kind: _fit(observed, kind, demands) for kind in _SHOW_THE_FIT},
        misfits(
            {kind: observed.runs[kind].observations for kind in SHOW_MISFITS},
            {kind: observed.look(kind, demands).observation for kind in SHOW_MISFITS},
        ),
        intervals(demands, [without(number) for number in range(rounds)]) if known else {},
        on_bounds,
    )


def _fit(observed: Observed, kind: Kind, demands: StrategyDemands) -> Fit:
    seen, modelled = observed.runs[kind], observed.look(kind, demands).observation
    return Fit(
        runs=len(seen.observations),
        observed=ClosedRun(
            per_s=seen.median(lambda run: run.per_s),
            p50_ms=seen.median(lambda run: run.latency_ms.p50),
            p99_ms=seen.median(lambda run: run.latency_ms.p99),
        ),
        modelled=ClosedRun(
            per_s=modelled.per_s, p50_ms=modelled.latency_ms.p50, p99_ms=modelled.latency_ms.p99
        ),
    )


def _waking_alike(demands: dict[str, StrategyDemands], shown_by: Sequence[str]) -> dict[str, StrategyDemands]:
    """To wake a waiter takes the same wherever it was not seen: where one lane had all orders of a row."""
    if not shown_by:
        return demands
    wake_ms = median(demands[name].wake_ms for name in shown_by)
    return {
        name: one if name in shown_by else one.model_copy(update={"wake_ms": wake_ms})
        for name, one in demands.items()
    }


def _settings(observations: Sequence[Observation]) -> tuple[int, int, int]:
    settings = {(one.workers, one.pool_size, one.system_cores) for one in observations}
    if len(settings) != 1:
        raise CalibrationError(
            f"observations with (workers, pool size, cores) = {sorted(settings)}; expected the same for all"
        )
    return settings.pop()


def _runs(observations: Sequence[Observation], strategies: Sequence[Strategy]) -> Runs:
    grouped: defaultdict[str, defaultdict[Kind, list[Observation]]] = defaultdict(lambda: defaultdict(list))
    for one in observations:
        grouped[one.strategy][one.kind].append(one)
    missing = [
        f"{kind} of {one.name}"
        for one in strategies
        for kind in kinds_of(one)
        if kind not in grouped[one.name]
    ]
    kinds = {one.kind for one in observations}
    missing += [kind for kind in KINDS_OF_ANY_STRATEGY if kind not in kinds]
    if missing:
        raise CalibrationError(f"no observation of kind {', '.join(missing)}; expected at least one of each")
    return {
        name: {kind: Repeats(repeats) for kind, repeats in by_kind.items()}
        for name, by_kind in grouped.items()
    }


def kinds_of(strategy: Strategy) -> tuple[Kind, ...]:
    """The kinds of run that a strategy has to be observed in, one after the other."""
    grows = strategy.does(Step.RESERVE)
    return tuple(kind for kind in _KINDS if grows or kind != "late")


def _of_any_strategy(observations: Sequence[Observation], kind: Kind) -> Repeats:
    return Repeats([one for one in observations if one.kind == kind])
