"""Replications over the cores."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.model import simulate
from simulator.predict import predict
from simulator.profile import ProfileError
from simulator.strata import strata
from tests.unit.profiles import a_rush, small_machine


def test_replications_come_in_order_and_are_those_of_one_core() -> None:
    setup: dict[str, Any] = {"seed": 3, "workers": 1, "pool_size": 5}
    records = predict(a_rush(), ["redis_hold", "no_lock"], small_machine(), replications=2, **setup)

    assert list(records) == ["redis_hold", "no_lock"]
    for strategy, replications in records.items():
        for number, stratum in enumerate(strata(2, seed=3)):
            record = replications[number]
            alone = simulate(
                a_rush(), strategy, small_machine(), replication=number, stratum=stratum, **setup
            )
            assert record.history.equals(alone.history)
            assert record.books == alone.books


def test_an_unknown_strategy_is_refused_before_anything_runs() -> None:
    profile = small_machine()
    only = profile.model_copy(update={"strategies": {"no_lock": profile.demands("no_lock")}})

    with pytest.raises(ProfileError, match="redis_hold"):
        predict(a_rush(), ["no_lock", "redis_hold"], only, seed=1, replications=1, workers=1, pool_size=5)
