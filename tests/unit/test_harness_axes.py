"""The axes of a run: how they are set, what is refused, and that they are the system's own settings."""

from __future__ import annotations

import typing

import pytest
from pydantic import ValidationError

from harness.axes import Axes
from harness.errors import UsageError
from scenarios.scenario import Scenario, load
from system.settings import Settings

NEEDED = {
    "database_url": "postgresql://",
    "redis_url": "redis://",
    "jwt_secret": "s" * 32,
    "admin_key": "s" * 32,
}
AXES = list(Axes.model_fields)
NO_AXES = NEEDED.keys() | {"environment", "host", "port", "strategy", "pool_timeout_s", "board_interval_ms"}


@pytest.fixture(scope="module")
def drop() -> Scenario:
    """16 s, patience of 10 s, at least 30 units of every SKU."""
    return load("sneaker_drop")


@pytest.mark.parametrize("name", AXES)
def test_an_axis_has_the_default_and_the_type_of_the_systems_setting(name: str) -> None:
    ours, theirs = Axes.model_fields[name], Settings.model_fields[name]

    assert ours.default == theirs.default
    assert _kinds(ours.annotation) == _kinds(theirs.annotation)


def test_every_setting_of_the_system_is_an_axis_unless_it_is_said_not_to_be() -> None:
    assert set(AXES) == Settings.model_fields.keys() - NO_AXES


def _kinds(annotation: object) -> object:
    """The type without what is only said of it."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Annotated:
        return _kinds(arguments[0])
    if typing.get_origin(annotation) is typing.Literal:
        return set(arguments)
    return frozenset(str(_kinds(part)) for part in arguments) if arguments else annotation


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize("value", [-1, 0, 1, 64, 65, 100, 101, 1_000, 1_001, 100_000, "last", "true"])
def test_an_axis_and_the_systems_setting_take_the_same_values(name: str, value: int | str) -> None:
    assert _takes(Axes, {name: value}) == _takes(Settings, NEEDED | {name: value})


def _takes(model: type[Axes | Settings], values: dict[str, object]) -> bool:
    try:
        model.model_validate({name: str(value) for name, value in values.items()})
    except ValidationError:
        return False
    return True


def test_the_system_reads_the_axes_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = Axes.of(
        ["pool_size=5", "isolation=repeatable_read", "sort_carts=false", "backstops=off", "backoff_ms=0.5"]
    )
    needed = {f"DROPDAY_{name.upper()}": value for name, value in NEEDED.items()}
    for name, value in (needed | axes.environment).items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert {name: getattr(settings, name) for name in AXES} == dict(axes)


def test_what_was_set_is_recorded_and_the_workers_and_the_pool_always() -> None:
    assert Axes.of([]).record == {"workers": 1, "pool_size": 10}
    assert Axes.of(["tries=10", "isolation=serializable"]).record == {
        "workers": 1,
        "pool_size": 10,
        "tries": 10,
        "isolation": "serializable",
    }


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["pool_size"], r"--set pool_size: expected NAME=VALUE"),
        (["pool_sise=5"], r"pool_sise: unknown axis; did you mean 'pool_size'\?"),
        (["wat=5"], r"wat: unknown axis; expected one of workers, pool_size"),
        (["tries=5", "tries=6"], r"--set tries=6: tries is there twice"),
        (["pool_size=0"], r"pool_size = '0': expected greater than or equal to 1"),
        (["workers=65"], r"workers = '65': expected less than or equal to 64"),
        (["lease_ms=soon"], r"lease_ms = 'soon': expected a valid integer"),
        (["payment=later"], r"payment = 'later': expected 'inside' or 'outside'"),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_reason(settings: list[str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        Axes.of(settings)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("lease_ms=16001", "sneaker_drop is over after 16000 ms"),
        ("buckets=31", "30 units of court-classic-250, .* expected at most 30"),
        ("backoff_ms=10000", "leave after 10000 ms"),
        ("workers=20", "expected a pool of at most 7"),
    ],
)
def test_what_cannot_work_on_a_scenario_is_refused_with_the_reason(
    setting: str, reason: str, drop: Scenario
) -> None:
    with pytest.raises(UsageError, match=reason):
        Axes.of([setting]).require_workable(drop)


def test_an_order_cannot_be_collected_for_longer_than_its_shopper_waits(drop: Scenario) -> None:
    hasty = drop.model_copy(update={"shoppers": drop.shoppers.model_copy(update={"patience_s": 0.5})})

    with pytest.raises(UsageError, match="batch_window_ms=500: the shoppers of sneaker_drop leave after 500"):
        Axes.of(["batch_window_ms=500"]).require_workable(hasty)


def test_everything_that_cannot_work_is_told_at_once(drop: Scenario) -> None:
    with pytest.raises(UsageError, match=r"(?s)--set lease_ms=.*\n--set buckets="):
        Axes.of(["lease_ms=60000", "buckets=500"]).require_workable(drop)


@pytest.mark.parametrize(
    "setting", ["lease_ms=16000", "buckets=30", "lock_timeout_ms=60000", "pool_size=100"]
)
def test_what_can_work_is_let_through(setting: str, drop: Scenario) -> None:
    Axes.of([setting]).require_workable(drop)


def test_defaults_are_the_systems_to_make_fit(drop: Scenario) -> None:
    document = drop.scaled(0.05).model_dump()
    document["products"][0]["sizes"][0]["units"] = 1

    Axes().require_workable(Scenario.model_validate(document))


def test_no_lease_is_too_long_for_a_shop_that_stays_open(drop: Scenario) -> None:
    Axes.of(["lease_ms=60000"]).require_workable(drop, lasts=True)


def test_the_model_knows_workers_and_pool_alone() -> None:
    Axes.of(["workers=4", "pool_size=20", "tries=10"]).require_modelled()

    with pytest.raises(UsageError, match="--set tries: the model does not know this axis"):
        Axes.of(["tries=11"]).require_modelled()
