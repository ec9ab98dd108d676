"""How a fit corrects what the model uses: only what follows, and only inside the bounds."""

from __future__ import annotations

import pytest

from simulator.bounds import Range
from simulator.corrections import Corrections, Used, balanced, ends, ends_of, root_or_end

WITHIN = Range(0.25, 4.0)


def used(times: Corrections) -> Used:
    """Of a model in which the consumer mostly looks for orders, and Redis works for nobody in company."""
    return {
        "worker": (2.0 * times["worker"], 0.5),
        "consumer": (0.01 * times["consumer"], 1.0),
        "redis": (0.7, 0.0),
    }


def test_a_role_is_corrected_by_what_is_missing_of_its_own_work() -> None:
    times = balanced(used, {"worker": 3.5, "consumer": 1.01, "redis": 0.7}, WITHIN)

    assert times["worker"] == pytest.approx(1.5)


def test_a_role_whose_cpu_does_not_follow_its_demands_is_left_as_it_is() -> None:
    times = balanced(used, {"worker": 2.5, "consumer": 3.0, "redis": 0.1}, WITHIN)

    assert times == {"worker": 1.0, "consumer": 1.0, "redis": 1.0}


@pytest.mark.parametrize(("measured_ms", "bound"), [(100.0, 4.0), (0.1, 0.25)])
def test_a_correction_ends_on_its_bound_and_is_told(measured_ms: float, bound: float) -> None:
    times = balanced(used, {"worker": measured_ms, "consumer": 1.01, "redis": 0.7}, WITHIN)

    assert ends_of("in_company", times, WITHIN) == {"in_company.worker": bound}


@pytest.mark.parametrize(("root", "found"), [(-1.0, 0.25), (1.0, 1.0), (9.0, 4.0)])
def test_a_search_finds_the_root_or_the_end_that_is_nearest_to_it(root: float, found: float) -> None:
    assert root_or_end(lambda value: root - value, WITHIN) == pytest.approx(found, abs=0.01)


def test_a_parameter_between_its_bounds_is_not_told() -> None:
    assert ends("wake_ms", 0.3, WITHIN) == {}
