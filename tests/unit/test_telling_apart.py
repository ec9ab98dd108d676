"""Whether repeats tell strategies apart: how often wrongly, how often rightly, and how many more would."""

from __future__ import annotations

import numpy as np
import pytest

from reports.telling_apart import LEVEL, MOST_REPEATS, Spread, distance, pairs_of

DRAWS = 2000
PAIRS = 20_000  # that are looked at, at most


def drawn(medians_ms: list[float], *, repeats: int, deviation: float, seed: int) -> list[list[list[float]]]:
    """Runs of several strategies, many times over: `[draw][strategy][repeat]`."""
    random = np.random.default_rng(seed)
    centres = np.log(medians_ms)[None, :, None]
    shape = (min(DRAWS, PAIRS // pairs_of(medians_ms)), len(medians_ms), repeats)
    found: list[list[list[float]]] = np.exp(centres + deviation * random.standard_normal(shape)).tolist()
    return found


def told_apart(strategies: list[list[float]]) -> list[tuple[int, int]]:
    spread = Spread.pooled(strategies)
    assert spread
    several = range(len(strategies))
    pairs = [(one, other) for one in several for other in several if one < other]
    return [
        (one, other)
        for one, other in pairs
        if spread.tells_apart(strategies[one], strategies[other], pairs=len(pairs))
    ]


@pytest.mark.parametrize("strategies", [2, 5, 12])
@pytest.mark.parametrize("repeats", [2, 4])
def test_equal_strategies_are_told_apart_at_most_as_often_as_stated(strategies: int, repeats: int) -> None:
    draws = drawn([1000.0] * strategies, repeats=repeats, deviation=0.2, seed=1)
    wrong = sum(bool(told_apart(draw)) for draw in draws)
    assert wrong / len(draws) <= LEVEL + 4 * np.sqrt(LEVEL * (1 - LEVEL) / len(draws))


def test_two_far_apart_are_told_apart_by_two_repeats_in_practically_every_run() -> None:
    draws = drawn([900.0, 8000.0, 1500.0, 1600.0, 2000.0], repeats=2, deviation=0.15, seed=2)
    assert sum((0, 1) in told_apart(draw) for draw in draws) / len(draws) > 0.99


def test_one_repeat_has_no_spread() -> None:
    assert Spread.pooled([[1.0], [2.0], []]) is None


def test_the_spread_is_pooled_over_all_strategies_whatever_their_speed() -> None:
    spread = Spread.pooled([[1.0, np.e], [1000.0, 1000.0 * np.e], [5.0]])
    assert spread
    assert (spread.freedom, spread.strategies) == (2, 2)
    assert spread.deviation == pytest.approx(np.sqrt(0.5))


def test_as_many_repeats_as_it_says_tell_such_a_difference_apart_and_fewer_do_not() -> None:
    spread = Spread(deviation=0.2, freedom=5, strategies=5)
    enough = spread.repeats_for(0.25, pairs=10)
    assert enough
    for repeats, expected in ((enough, True), (enough - 1, False)):
        then = Spread(deviation=0.2, freedom=5 * (repeats - 1), strategies=5)
        one, other = [1.0] * repeats, [np.exp(0.25)] * repeats
        assert then.tells_apart(one, other, pairs=10) is expected


def test_a_difference_that_is_none_needs_more_repeats_than_there_can_be() -> None:
    assert Spread(deviation=0.2, freedom=5, strategies=5).repeats_for(0.0, pairs=1) is None
    assert Spread(deviation=0.2, freedom=5, strategies=5).repeats_for(2.0, pairs=1) == 2
    assert MOST_REPEATS == 100


def test_the_distance_is_a_factor_and_pairs_are_counted_once() -> None:
    assert distance([1.0, 4.0], [4.0, 16.0]) == pytest.approx(np.log(4))
    assert [pairs_of(range(n)) for n in (0, 1, 2, 5)] == [0, 0, 1, 10]
