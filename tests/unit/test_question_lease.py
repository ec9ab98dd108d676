"""Leases outlived by a pause: what is read from the model's runs, and what is concluded from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.axes import Axes
from harness.questions.asking import Asking
from harness.questions.lease import HowOftenOutlived, distribution, held_s_of, pauses
from reports.answers import lease as pages
from reports.answers.shapes import Leases, Pause
from scenarios.history import Attempt, Outcome, frame
from simulator.engine import Engine
from tests.unit.profiles import a_rush, small_machine

PAUSE = Pause(per_hour=6, median_ms=50, p99_ms=2000)


def asked(pause: Pause = PAUSE, lease_ms: float = 1000.0, **changes: Any) -> Leases:
    asking = Asking(
        scenario=a_rush(**changes),
        strategies=(),
        profile=small_machine(),
        seed=1,
        axes=Axes(pool_size=5),
        engine=Engine.COMPILED,
        replications=2,
    )
    return HowOftenOutlived(pause, lease_ms).answer(asking, lambda _: None)


def order(*spans: tuple[str, float]) -> Attempt:
    return Attempt(
        arrival=0,
        attempt=0,
        operation="order",
        shopper=0,
        bot=False,
        key="k",
        skus=["shoe-1"],
        quantities=[1],
        intended_s=0,
        sent_s=0,
        done_s=1,
        outcome=Outcome.BOUGHT,
        spans=list(spans),
    )


def test_a_lease_is_held_from_its_grant_to_the_answer_that_it_is_given_back() -> None:
    orders = frame(
        [
            order(("pool", 9), ("redis_lock", 50), ("read_stock", 1), ("place_order", 2), ("redis_unlock", 3),
                  ("commit", 7)),
            order(("redis_lock", 1), ("redis_unlock", 5)),
        ]
    )  # fmt: skip

    assert held_s_of(orders) == pytest.approx([0.006, 0.005])


def test_the_distribution_of_what_was_seen_has_its_quantiles_and_its_ends() -> None:
    seen = np.random.default_rng(1).lognormal(size=5_000)

    found = distribution(seen)

    assert found.ppf(np.array([0.1, 0.5, 0.99])) == pytest.approx(
        np.quantile(seen, [0.1, 0.5, 0.99]), rel=0.03
    )
    assert found.sf(float(seen.max())) == 0
    assert distribution(np.full(9, 0.25)).ppf(np.array([0.5])) == pytest.approx(0.25)


def test_pauses_have_the_median_and_the_99th_of_100_that_were_stated() -> None:
    found = pauses(PAUSE)

    assert found.per_s == pytest.approx(6 / 3600)
    assert found.length_s.sf(np.array([0.05, 2.0])) == pytest.approx([0.5, 0.01])


def test_the_longer_the_lease_the_rarer_it_is_outlived_down_to_once_in_a_hundred_million() -> None:
    found = asked()

    chances = [length.one.mean for length in found.lengths]
    assert chances == sorted(chances, reverse=True)
    assert 0 < chances[-1] < 1e-8
    for length in (found.asked, *found.lengths):
        assert length.one.low <= length.one.mean <= length.one.high
        assert length.one.mean <= length.drop.mean
        assert length.units.mean <= found.leases * found.units * length.one.mean * 1.001
    assert len(pages.pictures(found)) == 1


def test_without_pauses_a_lease_that_is_longer_than_it_is_held_is_never_outlived() -> None:
    found = asked(PAUSE.model_copy(update={"per_hour": 0.0}))

    assert found.asked.one.mean == found.asked.drop.mean == found.asked.units.mean == 0


def test_where_nobody_gets_a_lease_that_is_said() -> None:
    found = asked(shoppers={"patience_s": 1e-6, "retry": {"attempts": 1}})

    assert (found.held, found.leases) == (None, 0)
    assert pages.pictures(found) == []


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (3.44e-9, "3.4e-09"), (0.012, "0.012"), (12.3, "12.3")]
)
def test_a_small_chance_is_never_written_as_none(value: float, text: str) -> None:
    assert pages.small(value) == text
