"""Calibration, on a machine of which every demand is known: the model itself."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.calibration import KINDS_OF_ANY_STRATEGY, CalibrationError, fit, kinds_of
from simulator.closed_loop import ClosedLoop
from simulator.defaults import Settings
from simulator.observation import Kind, Observation
from simulator.profile import Demand, OrderDemands, Profile
from simulator.strategies import STRATEGIES
from tests.unit.profiles import small_machine

SETTINGS = Settings(pool_size=5)


def observe(machine: Profile, strategy: str, kind: Kind, *, speed: float = 1.0) -> Observation:
    """A run of the model instead of the system."""
    alone = kind in ("back_to_back", "late", "browse")
    many = 512 if STRATEGIES[strategy].waits_for_others and kind == "saturated" else 64
    load = ClosedLoop(kind, 1 if alone else many, SETTINGS, entries=3_000 if kind == "late" else 0)
    observed = load.observe(STRATEGIES[strategy], machine, speed=speed)
    return observed.model_copy(update={"sold_before": load.entries})


@pytest.fixture(scope="module")
def machine() -> Profile:
    """One on which a refusal takes less than an order."""
    profile = small_machine()
    strategies = {
        name: demands.model_copy(update={"refusal": _times(0.7, demands.refusal)})
        for name, demands in profile.strategies.items()
    }
    return profile.model_copy(update={"strategies": strategies})


def _times(factor: float, demands: OrderDemands) -> OrderDemands:
    def scaled(demand: Demand) -> Demand:
        return Demand(**{name: value * factor for name, value in demand.model_dump().items()})

    return OrderDemands(
        accept_ms=demands.accept_ms * factor,
        stages={span: scaled(demand) for span, demand in demands.stages.items()},
        kept_answer=scaled(demands.kept_answer),
        respond_ms=demands.respond_ms * factor,
    )


def observations(machine: Profile, *strategies: str) -> list[Observation]:
    observed = [observe(machine, name, kind) for name in strategies for kind in kinds_of(STRATEGIES[name])]
    return [*observed, *(observe(machine, strategies[0], kind) for kind in KINDS_OF_ANY_STRATEGY)]


def fitted(observed: list[Observation]) -> Profile:
    return fit(observed, machine={"cpu": "a small one"}, versions={"simpy": "4"}, made_at="2026-01-01")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_fitted_model_takes_as_many_orders_as_the_machine(machine: Profile, strategy: str) -> None:
    observed = observations(machine, strategy)

    saturation = fitted(observed).saturation[strategy]

    assert saturation.runs == 1
    assert saturation.observed_per_s == observed[1].per_s
    assert saturation.modelled_per_s == pytest.approx(saturation.observed_per_s, rel=0.02)


@pytest.mark.parametrize("strategy", ["conditional_update", "redis_hold"])
def test_the_fitted_model_foresees_a_load_that_it_was_not_fitted_to(machine: Profile, strategy: str) -> None:
    profile = fitted(observations(machine, strategy))
    few = ClosedLoop("saturated", 3, SETTINGS, duration_s=2)

    foreseen = few.orders_per_s(STRATEGIES[strategy], profile)

    assert foreseen == pytest.approx(few.orders_per_s(STRATEGIES[strategy], machine), rel=0.05)


def test_what_is_measured_directly_is_found_again(machine: Profile) -> None:
    profile = fitted(observations(machine, "conditional_update"))
    demands, known = profile.demands("conditional_update"), machine.demands("conditional_update")

    assert profile.wire_ms == pytest.approx(machine.wire_ms, abs=0.005)
    assert profile.connect_ms == pytest.approx(machine.connect_ms, abs=0.005)
    assert profile.unevenness == pytest.approx(machine.unevenness, rel=0.2)
    assert profile.browse.worker_ms == pytest.approx(machine.browse.worker_ms, rel=0.05)
    assert profile.browse.database_ms == pytest.approx(machine.browse.database_ms, rel=0.05)
    assert demands.board_ms == pytest.approx(known.board_ms, rel=0.02)
    assert demands.order.stages["place_order"].flush_ms == pytest.approx(0.05, abs=0.01)
    assert worker_ms(demands.order) == pytest.approx(worker_ms(known.order), rel=0.03)
    assert worker_ms(demands.refusal) == pytest.approx(0.7 * worker_ms(known.order), rel=0.05)


def worker_ms(demands: OrderDemands) -> float:
    return demands.accept_ms + demands.respond_ms + sum(stage.worker_ms for stage in demands.stages.values())


def test_a_contended_row_costs_more_than_the_sum_of_its_orders(machine: Profile) -> None:
    assert fitted(observations(machine, "conditional_update")).demands("conditional_update").wake_ms > 0.005


def test_the_spread_of_repeated_runs_is_carried_into_predictions(machine: Profile) -> None:
    steady = observations(machine, "no_lock")
    slower = [observe(machine, "no_lock", kind, speed=0.9) for kind in kinds_of(STRATEGIES["no_lock"])]

    assert fitted(steady).speed_spread == 0
    # two logarithms 0.105 apart deviate by 0.0745, and the next from their mean by sqrt(3/2) of that
    assert fitted([*steady, *slower]).speed_spread == pytest.approx(0.0745 * 1.5**0.5, rel=0.1)


def test_without_repeats_the_spread_is_that_of_the_probes(machine: Profile) -> None:
    probed = [
        one.model_copy(update={"machine_speed": speed})
        for one, speed in zip(observations(machine, "no_lock"), [1.0, 1.05, 0.95, 1.0, 0.1, 1.1], strict=True)
    ]

    assert (
        0.04 < fitted(probed).speed_spread < 0.15
    )  # the one that was disturbed is not taken for the machine


def test_a_missing_kind_is_named(machine: Profile) -> None:
    observed = [one for one in observations(machine, "no_lock") if one.kind not in ("refused", "browse")]

    with pytest.raises(CalibrationError, match="no observation of kind refused of no_lock, browse; expected"):
        fitted(observed)


def test_observations_of_different_settings_do_not_make_one_profile(machine: Profile) -> None:
    observed = observations(machine, "no_lock")
    odd = observed[0].model_copy(update={"pool_size": 10})

    with pytest.raises(CalibrationError, match=r"\(1, 5, 1\), \(1, 10, 1\).*expected the same for all"):
        fitted([*observed, odd])


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"bought": 0}, "0 of .* answers were orders; expected some"),
        ({"clients": 2}, "2 clients; expected one"),
        ({"duration_s": 0}, "duration_s"),
    ],
)
def test_an_observation_that_does_not_show_its_kind_is_refused(
    machine: Profile, changes: dict[str, object], complaint: str
) -> None:
    good = observe(machine, "no_lock", "back_to_back").model_dump()

    with pytest.raises(ValidationError, match=complaint):
        Observation.model_validate(good | changes)
