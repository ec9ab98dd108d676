"""Profiles of no machine: each is refused with the parameter's name; and with none the model hangs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.arrivals import generate
from simulator import bounds
from simulator import profile as profiles
from simulator.bounds import Range
from simulator.defaults import Settings
from simulator.engine import Engine
from simulator.model import simulate_strategy
from simulator.profile import Profile, ProfileError
from simulator.strategies import STRATEGIES
from tests.unit.profiles import a_rush, small_machine

Keys = tuple[str, ...]

_RANGES = {
    "flush_ms": bounds.WAIT_MS,
    "wire_ms": bounds.WAIT_MS,
    "entry_ms": bounds.ENTRY_MS,
    "wake_ms": bounds.WAKE_MS,
    "unused_share": bounds.UNUSED_SHARE,
    "unevenness": bounds.DEVIATION,
    "speed_spread": bounds.DEVIATION,
}
DOCUMENT: dict[str, Any] = json.loads(small_machine().model_dump_json(by_alias=True))


def range_of(path: Keys) -> Range:
    if path[-2:-1] == ("in_company",):
        return bounds.IN_COMPANY
    if path[-1] == "cold_ms" and path[0] == "strategies":
        return bounds.COLD_MS
    return _RANGES.get(path[-1], bounds.CPU_MS)


def parameters(tree: Mapping[str, Any], *path: str) -> Iterator[Keys]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from parameters(value, *path, name)
        elif isinstance(value, float) and name != "speed":
            yield (*path, name)


def changed(changes: Mapping[Keys, float]) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes.items():
        place = document
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
    return document


def load(document: Mapping[str, Any]) -> Profile:
    with TemporaryDirectory() as folder:
        file = Path(folder, "absurd.json")
        file.write_text(json.dumps(document))
        return profiles.load(file)


PARAMETERS = list(parameters(DOCUMENT))


@given(st.sampled_from(PARAMETERS), st.sampled_from([-1.0, 1_001.0, 1e30]))
@settings(max_examples=200, deadline=None)
def test_a_parameter_that_no_machine_has_is_refused_by_its_name(path: Keys, value: float) -> None:
    with pytest.raises(ProfileError) as refused:
        load(changed({path: value}))

    assert f"{'.'.join(path)} = " in str(refused.value)
    assert "calibrate again" in str(refused.value)


def test_a_refusal_that_takes_far_more_than_an_order_is_refused() -> None:
    path = ("strategies", "redis_queue", "refusal", "stages", "decide", "consumer_ms")

    with pytest.raises(
        ProfileError, match=r"redis_queue: refusal takes 90\.\d* ms CPU of the consumer; expected"
    ):
        load(changed({path: 90.0}))


@st.composite
def extremes(draw: st.DrawFn) -> tuple[str, dict[Keys, float]]:
    """A strategy, and parameters of it and of the machine that are as small or as large as they can be.

    A refusal takes what an order takes: it may not take far more.
    """
    strategy = draw(st.sampled_from(list(STRATEGIES)))
    of_others = [name for name in STRATEGIES if name != strategy]
    its = [path for path in PARAMETERS if not {"refusal", *of_others} & set(path)]
    chosen = draw(st.sets(st.sampled_from(its), min_size=1))
    return strategy, {path: draw(st.sampled_from(range_of(path))) for path in sorted(chosen)}


@given(extremes())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_with_parameters_at_their_ends_the_model_comes_to_an_end(
    extreme: tuple[str, dict[Keys, float]],
) -> None:
    strategy, changes = extreme
    document, rush = changed(changes), a_rush()
    demands = document["strategies"][strategy]
    demands["refusal"] = demands["order"]

    record = simulate_strategy(
        rush,
        STRATEGIES[strategy],
        load(document),
        arrivals=generate(rush, 1),
        replication=0,
        settings=Settings(pool_size=5),
        engine=Engine.COMPILED,
    )

    assert len(record.history) >= 400
