"""Strategies compared: replicated as precisely as asked for, and paired run by run."""

from __future__ import annotations

import numpy as np
import pytest

from harness.axes import Axes
from harness.questions.asking import Asking
from harness.questions.compare import WhichIsBetter, difference
from harness.questions.figures import FIGURES
from reports.answers.compare import certainty
from reports.answers.shapes import Compare
from reports.experiment import StrategyUnderTest
from simulator.engine import Engine
from tests.unit.profiles import a_rush, small_machine

SAFE = ("conditional_update", "pessimistic_lock")


def asking(replications: int | None = None) -> Asking:
    strategies = [
        StrategyUnderTest(name=name, safe=name in SAFE, ack="committed", redis="none", exact=True)
        for name in ("no_lock", *SAFE)
    ]
    return Asking(
        scenario=a_rush(),
        strategies=tuple(strategies),
        profile=small_machine(),
        seed=1,
        axes=Axes(pool_size=5),
        engine=Engine.COMPILED,
        replications=replications,
    )


def compared(question: WhichIsBetter, replications: int | None = None) -> Compare:
    return question.answer(asking(replications), lambda _: None)


def test_means_are_as_precise_as_asked_for_or_said_not_to_be() -> None:
    question = WhichIsBetter(FIGURES["orders-per-s"], precision=0.04, at_most=12)

    found = compared(question)

    for one in found.strategies:
        half = (one.mean.high - one.mean.low) / 2
        assert one.is_precise == (half <= 0.04 / 1.04 * one.mean.mean)
        assert one.is_precise or one.replications == 12
    assert (certainty(found).startswith("Every mean")) == all(one.is_precise for one in found.strategies)


def test_the_best_is_safe_and_the_others_differ_from_it_by_what_their_means_do() -> None:
    found = compared(WhichIsBetter(FIGURES["everyone-p99"]), replications=5)

    means = {one.strategy: one.mean.mean for one in found.strategies}
    assert found.best == min(SAFE, key=lambda name: means[name])
    for one in found.strategies:
        assert one.replications == 5
        if one.difference is None:
            assert one.strategy == found.best
        else:
            assert one.difference.by.mean == pytest.approx(means[one.strategy] - means[found.best])
            assert one.difference.differs is not (one.difference.by.low <= 0 <= one.difference.by.high)


def test_pairs_that_share_their_chance_tell_a_small_difference() -> None:
    chance = np.random.default_rng(1).normal(size=10)

    found = difference(100 + 10 * chance, 99 + 10.1 * chance, pairs=10)

    assert found.differs
    assert found.gain is not None
    assert found.gain > 1_000


def test_pairs_are_the_replications_that_both_have() -> None:
    found = difference(np.arange(12.0), np.arange(10.0), pairs=1)

    assert (found.pairs, found.by.mean, found.differs, found.gain) == (10, 0, False, None)
