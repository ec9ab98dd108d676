"""Runs of the model over the cores."""

from __future__ import annotations

import pytest

from simulator.model import simulate
from simulator.profile import ProfileError
from simulator.strata import strata
from simulator.variants import play
from tests.unit.profiles import a_rush, a_variant, small_machine, the_record


def test_replications_come_in_order_and_are_those_of_one_core() -> None:
    records = list(play(a_variant("redis_hold").replicated(2), the_record))

    for number, (record, stratum) in enumerate(zip(records, strata(2, seed=3), strict=True)):
        alone = simulate(
            a_rush(),
            "redis_hold",
            small_machine(),
            seed=3,
            replication=number,
            stratum=stratum,
            workers=1,
            pool_size=5,
        )
        assert record.history.equals(alone.history)
        assert record.books == alone.books


def test_replication_k_meets_the_same_machine_under_every_strategy() -> None:
    one, other = (a_variant(name).replicated(6, first=10) for name in ("no_lock", "redis_hold"))

    assert [run.replication for run in one] == [10, 11, 12, 13, 14, 15]
    assert [(run.replication, run.stratum) for run in one] == [
        (run.replication, run.stratum) for run in other
    ]
    assert len({run.stratum for run in one}) == 6


def test_replications_may_each_meet_a_crowd_of_their_own_the_first_that_of_the_seed() -> None:
    first, *others = a_variant("no_lock").replicated_over_crowds(3)

    assert first == a_variant("no_lock").replicated(3)[0]
    assert [run.stratum for run in others] == [run.stratum for run in a_variant("no_lock").replicated(3)[1:]]
    assert len({run.seed for run in (first, *others)}) == 3
    assert all(0 <= run.seed < 2**64 for run in others)


def test_an_unknown_strategy_is_refused_before_anything_runs() -> None:
    profile = small_machine()
    only = profile.model_copy(update={"strategies": {"no_lock": profile.demands("no_lock")}})

    with pytest.raises(ProfileError, match="redis_hold"):
        list(play([a_variant("no_lock", only), a_variant("redis_hold", only)], the_record))
