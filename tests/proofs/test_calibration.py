"""Calibration, on a machine of which every demand is known: the model itself."""

from __future__ import annotations

from functools import cache
from statistics import fmean

import pytest

from simulator.bounds import IN_COMPANY
from simulator.calibration import KINDS_OF_ANY_STRATEGY, CalibrationError, kinds_of
from simulator.cautions import pace_in_closed_loop
from simulator.closed_loop import ClosedLoop
from simulator.observation import Cpu, Kind, Observation
from simulator.profile import OrderDemands, Profile, Times
from simulator.strategies import STRATEGIES
from simulator.uncertainty import spread_of_repeats
from tests.observed import SETTINGS, fitted, machine, observations, observe


def one_of(kind: Kind, strategy: str) -> Observation:
    return next(one for one in observations(strategy) if one.kind == kind)


@cache
def profile_of(*strategies: str) -> Profile:
    return fitted(observations(*strategies))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_fitted_model_takes_as_many_orders_as_the_machine(strategy: str) -> None:
    crowded = profile_of(strategy).fits[strategy]["crowded"]

    assert crowded.runs == 1
    assert crowded.observed.per_s == one_of("crowded", strategy).per_s
    assert crowded.modelled.per_s == pytest.approx(crowded.observed.per_s, rel=0.02)


@pytest.mark.parametrize("strategy", ["pessimistic_lock", "conditional_update", "redis_hold"])
def test_the_fitted_model_foresees_a_load_that_it_was_not_fitted_to(strategy: str) -> None:
    profile = profile_of(strategy)
    few = ClosedLoop("saturated", 3, SETTINGS, duration_s=2)

    foreseen = few.orders_per_s(STRATEGIES[strategy], profile)

    assert foreseen == pytest.approx(few.orders_per_s(STRATEGIES[strategy], machine()), rel=0.05)


def test_what_is_measured_directly_is_found_again() -> None:
    profile, known = profile_of("no_lock"), machine()
    demands, known_demands = profile.demands("no_lock"), known.demands("no_lock")

    assert profile.wire_ms == pytest.approx(known.wire_ms, abs=0.005)
    assert profile.identify_ms == pytest.approx(known.identify_ms, abs=0.005)
    assert profile.unevenness == pytest.approx(known.unevenness, rel=0.2)
    assert profile.browse.worker_ms == pytest.approx(known.browse.worker_ms, rel=0.05)
    assert profile.browse.database_ms == pytest.approx(known.browse.database_ms, rel=0.05)
    assert demands.board_ms == pytest.approx(known_demands.board_ms, rel=0.02)
    assert demands.order.stages["place_order"].flush_ms == pytest.approx(0.05, abs=0.01)
    assert worker_ms(demands.order) == pytest.approx(worker_ms(known_demands.order), rel=0.03)
    assert worker_ms(demands.refusal) == pytest.approx(0.7 * worker_ms(known_demands.order), rel=0.05)


def worker_ms(demands: OrderDemands) -> float:
    return demands.accept_ms + demands.respond_ms + sum(stage.worker_ms for stage in demands.stages.values())


def test_a_contended_row_costs_more_than_the_sum_of_its_orders() -> None:
    assert profile_of("pessimistic_lock").demands("pessimistic_lock").wake_ms > 0.005


def test_what_an_order_takes_alone_and_in_company_is_told_apart() -> None:
    demands = machine().demands("no_lock").model_copy(update={"in_company": Times(worker=0.7)})
    known = machine().model_copy(update={"strategies": {"no_lock": demands}})
    kinds = (*kinds_of(STRATEGIES["no_lock"]), *KINDS_OF_ANY_STRATEGY)

    profile = fitted([observe("no_lock", kind, on=known) for kind in kinds])

    found = profile.demands("no_lock")
    assert worker_ms(found.order) == pytest.approx(worker_ms(demands.order), rel=0.03)
    assert found.in_company.worker == pytest.approx(0.7, rel=0.05)
    few = ClosedLoop("saturated", 3, SETTINGS, duration_s=2)
    assert few.orders_per_s(STRATEGIES["no_lock"], profile) == pytest.approx(
        few.orders_per_s(STRATEGIES["no_lock"], known), rel=0.05
    )


def seen_by_no_probe(one: Observation) -> Observation:
    return one.model_copy(update={"machine_speeds": (1.0,)})


def slower() -> list[Observation]:
    return [observe("no_lock", kind, speed=0.9) for kind in kinds_of(STRATEGIES["no_lock"])]


def test_the_spread_of_repeated_runs_that_no_probe_explains_is_carried_into_predictions() -> None:
    steady = observations("no_lock")
    repeated = [*steady, *map(seen_by_no_probe, slower())]

    profile = fitted(repeated)

    assert spread_of_repeats(steady) == 0
    # two logarithms 0.105 apart deviate by 0.0745, and the next from their mean by sqrt(3/2) of that
    assert spread_of_repeats(repeated) == pytest.approx(0.0745 * 1.5**0.5, rel=0.1)
    assert profile.speed_spread == pytest.approx(spread_of_repeats(repeated))


def test_a_model_of_itself_has_little_misfit() -> None:
    profile = profile_of("no_lock")

    assert profile.speed_spread == 0
    assert pace_in_closed_loop(profile.fits)["no_lock"] == pytest.approx(1, rel=0.05)
    assert set(profile.misfits) == {
        *("orders_per_s", "utilisation.share", "peak_in_system"),
        *(f"latency_ms.bought.{share}" for share in ("p50", "p95", "p99")),
    }
    assert max(profile.misfits.values()) < 0.05


def test_runs_are_compared_as_if_the_machine_had_always_been_as_fast() -> None:
    observed = [*observations("no_lock"), *slower()]
    profile, known = fitted(observed), machine()
    worker, known_worker = (worker_ms(one.demands("no_lock").order) for one in (profile, known))

    assert spread_of_repeats([one.at_speed(profile.speed) for one in observed]) < 0.01
    assert 0.9 < profile.speed < 1
    assert worker * profile.speed == pytest.approx(known_worker, rel=0.03)  # on a machine of speed 1
    slow, fast = sorted(set(profile.speeds))
    assert slow / fast == pytest.approx(0.9, abs=0.002)


def test_one_strategy_alone_is_fitted_to_the_machine_as_it_was_in_its_runs() -> None:
    earlier = observations("no_lock")
    now = [observe("micro_batch", kind, speed=0.8) for kind in kinds_of(STRATEGIES["micro_batch"])]

    profile = fitted([*earlier, *now], only="micro_batch")

    crowded = profile.fits["micro_batch"]["crowded"]
    assert set(profile.strategies) == set(profile.fits) == {"micro_batch"}
    assert profile.speed == pytest.approx(fmean(now[0].machine_speeds), rel=0.01)
    assert crowded.modelled.per_s == pytest.approx(crowded.observed.per_s, rel=0.05)
    flush_ms = profile.demands("micro_batch").once["batch"].flush_ms
    # Timers hide it in its own runs. It is taken to be as slow as everything else.
    assert flush_ms == pytest.approx(0.05 / 0.8, abs=0.01)


def test_how_cold_a_core_grows_is_found_again() -> None:
    strategies = {"no_lock": machine().demands("no_lock").model_copy(update={"cold_ms": 1.5})}
    cold = machine().model_copy(update={"strategies": strategies})
    rested = observe("no_lock", "light", on=cold)
    observed = [rested if one.kind == "light" else one for one in observations("no_lock")]

    assert fitted(observed).demands("no_lock").cold_ms == pytest.approx(1.5, rel=0.1)
    assert profile_of("no_lock").demands("no_lock").cold_ms == pytest.approx(0, abs=0.1)


def test_a_demand_has_an_interval_that_holds_it_where_rounds_were_repeated() -> None:
    paces = (0.97, 1.0, 1.03)
    rounds = [
        seen_by_no_probe(observe("no_lock", kind, speed=pace))
        for pace in paces
        for kind in kinds_of(STRATEGIES["no_lock"])
    ]
    of_any = [observe("no_lock", kind) for kind in KINDS_OF_ANY_STRATEGY]

    profile = fitted([*rounds, *of_any], with_intervals=True)
    demands, intervals = profile.demands("no_lock"), profile.intervals["no_lock"]

    place = intervals["order.stages.place_order.worker_ms"]
    assert 0 < place.low < demands.order.stages["place_order"].worker_ms < place.high
    known_ms, board = machine().demands("no_lock").board_ms, intervals["board_ms"]
    assert 0.8 * known_ms < board.low < known_ms < board.high < 1.2 * known_ms
    assert profile_of("no_lock").intervals == {}


def test_what_a_sum_takes_longer_for_each_entry_is_seen_in_the_late_run() -> None:
    known = machine().demands("reservation_ledger").order.stages["reserve"]

    found = profile_of("reservation_ledger").demands("reservation_ledger").order.stages["reserve"]

    assert found.entry_ms == pytest.approx(known.entry_ms, rel=0.1)


def test_what_a_message_takes_once_is_told_from_what_its_orders_take_each() -> None:
    known = machine().demands("conditional_update")

    found = profile_of("conditional_update").demands("conditional_update")

    assert found.once["place_order"].database_ms == pytest.approx(
        known.once["place_order"].database_ms, rel=0.15
    )
    assert found.order.stages["place_order"].database_ms == pytest.approx(
        known.order.stages["place_order"].database_ms, rel=0.1
    )


def test_waking_a_waiter_takes_as_long_where_it_could_not_be_seen() -> None:
    profile = profile_of("pessimistic_lock", "conditional_update")

    waking_ms = {demands.wake_ms for demands in profile.strategies.values()}
    assert len(waking_ms) == 1
    assert waking_ms != {0.0}


def with_cpu(observed: list[Observation], kind: Kind, **times: float) -> list[Observation]:
    """The same observations, with so many times the CPU of some roles in one kind of run."""

    def changed(one: Observation) -> Observation:
        cpu_s = one.cpu_s.model_dump()
        cpu_s |= {role: cpu_s[role] * each for role, each in times.items()}
        return one.model_copy(update={"cpu_s": Cpu(**cpu_s)})

    return [changed(one) if one.kind == kind else one for one in observed]


def test_a_fit_that_ends_on_a_bound_is_on_record() -> None:
    profile = fitted(with_cpu(observations("no_lock"), "crowded", worker=50))

    assert profile.on_bounds["no_lock"]["in_company.worker"] == IN_COMPANY.high
    assert profile.demands("no_lock").in_company.worker == IN_COMPANY.high


def test_cpu_that_comes_from_no_refused_order_leaves_the_refusal_as_it_is() -> None:
    profile = fitted(with_cpu(observations("redis_queue"), "refused", consumer=3))

    demands = profile.demands("redis_queue")
    assert demands.refusal.role_ms("consumer") == demands.order.role_ms("consumer")
    assert not any(path.startswith("refusal") for path in profile.on_bounds.get("redis_queue", {}))


def test_observations_of_what_no_machine_is_are_refused_with_the_parameter() -> None:
    observed = with_cpu(observations("no_lock"), "sold_out", worker=10_000)

    with pytest.raises(CalibrationError, match=r"no_lock\.board_ms = .*: expected less than or equal to 100"):
        fitted(observed)


def test_a_strategy_that_was_not_observed_cannot_be_fitted_alone() -> None:
    with pytest.raises(CalibrationError, match="no observation of redis_hold"):
        fitted(observations("no_lock"), only="redis_hold")


def test_a_missing_kind_is_named() -> None:
    observed = [one for one in observations("no_lock") if one.kind not in ("refused", "browse")]

    with pytest.raises(CalibrationError, match="no observation of kind refused of no_lock, browse; expected"):
        fitted(observed)


def test_observations_of_different_settings_do_not_make_one_profile() -> None:
    observed = observations("no_lock")
    odd = observed[0].model_copy(update={"pool_size": 10})

    with pytest.raises(CalibrationError, match=r"\(1, 5, 1\), \(1, 10, 1\).*expected the same for all"):
        fitted([*observed, odd])
