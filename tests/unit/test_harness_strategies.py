"""What `--strategies` picks, and in which order the runs come."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.experiment import order_of_runs
from harness.strategies import choose, named
from reports.experiment import StrategyUnderTest

NO_LOCK = StrategyUnderTest(name="no_lock", safe=False, ack="committed")
CONDITIONAL = StrategyUnderTest(name="conditional_update", safe=True, ack="committed")
PESSIMISTIC = StrategyUnderTest(name="pessimistic_lock", safe=True, ack="committed")
LEASED = StrategyUnderTest(name="redis_lock", safe=False, ack="committed", redis="lock")
QUEUED = StrategyUnderTest(name="redis_queue", safe=True, ack="queued", redis="stock")
THREE = (NO_LOCK, CONDITIONAL, PESSIMISTIC)
THERE_ARE = (*THREE, LEASED, QUEUED)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("all", THERE_ARE),
        ("safe", (CONDITIONAL, PESSIMISTIC, QUEUED)),
        ("controls", (NO_LOCK, LEASED)),
        ("redis", (LEASED, QUEUED)),
        ("queued", (QUEUED,)),
        ("pessimistic_lock", (PESSIMISTIC,)),
        ("pessimistic_lock, no_lock", (PESSIMISTIC, NO_LOCK)),
        ("no_lock,no_lock", (NO_LOCK,)),
        ("redis,conditional_update", (LEASED, QUEUED, CONDITIONAL)),
        ("queued, redis", (QUEUED, LEASED)),
    ],
)
def test_strategies_are_chosen_by_group_or_by_name(text: str, chosen: tuple[StrategyUnderTest, ...]) -> None:
    assert choose(text, THERE_ARE) == chosen


def test_a_strategy_that_does_not_exist_is_named_with_the_nearest_that_does() -> None:
    with pytest.raises(UsageError, match=r"'optimistic_lock'; did you mean 'pessimistic_lock'\?.*no_lock"):
        choose("no_lock,optimistic_lock", THERE_ARE)


def test_a_group_that_does_not_exist_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no strategy 'control'; did you mean 'controls'\?"):
        choose("control,no_lock", THERE_ARE)


def test_a_group_that_nobody_is_in_is_refused() -> None:
    with pytest.raises(UsageError, match="'queued': there is no such strategy"):
        choose("queued", THREE)


def test_no_strategy_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="' , ' names none"):
        choose(" , ", THERE_ARE)


def test_a_group_is_not_a_strategy() -> None:
    with pytest.raises(UsageError, match="no strategy 'all'"):
        named("all", THERE_ARE)


def test_every_repeat_begins_with_another_strategy() -> None:
    runs = order_of_runs(THREE, repeats=4)

    names = [run.strategy for run in runs]
    assert names[0:3] == ["no_lock", "conditional_update", "pessimistic_lock"]
    assert names[3:6] == ["conditional_update", "pessimistic_lock", "no_lock"]
    assert names[6:9] == ["pessimistic_lock", "no_lock", "conditional_update"]
    assert names[9:12] == names[0:3]
    assert [run.repeat for run in runs] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
