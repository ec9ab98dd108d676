"""How many shoppers until the objective breaks: searched for about the calibrated pace."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.axes import Axes
from harness.questions.asking import PACES, Asking
from harness.questions.capacity import HowManyShoppers
from reports.answers.shapes import Objective
from reports.experiment import StrategyUnderTest
from simulator.engine import Engine
from tests.unit.profiles import a_rush, small_machine

OBJECTIVE = Objective(p99_ms=60, of="both", unknown_share=0.01)


def test_the_objective_breaks_between_two_crowds_that_are_2_percent_apart() -> None:
    strategy = StrategyUnderTest(
        name="pessimistic_lock", safe=True, ack="committed", redis="none", exact=True
    )
    asking = Asking(
        scenario=a_rush(),
        strategies=(strategy,),
        profile=small_machine(),
        seed=1,
        axes=Axes(pool_size=5),
        engine=Engine.COMPILED,
    )

    found = HowManyShoppers(OBJECTIVE).answer(asking, lambda _: None)

    (one,) = found.strategies
    assert found.replications == PACES
    assert one.breaks_at is not None
    before, after = next(
        (before, after) for before, after in pairwise(one.points) if before.kept and not after.kept
    )
    assert before.arrivals <= one.breaks_at <= after.arrivals <= 1.02 * before.arrivals
    assert one.headroom == pytest.approx(one.breaks_at / 500 - 1)
