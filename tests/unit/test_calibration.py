"""What observations cannot be fitted to, and what is none."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.calibration import CalibrationError
from simulator.observation import Observation
from tests.observed import fitted, observations, observe


def test_a_strategy_that_was_not_observed_cannot_be_fitted_alone() -> None:
    with pytest.raises(CalibrationError, match="no observation of redis_hold"):
        fitted(observations("no_lock"), only="redis_hold")


def test_a_missing_kind_is_named() -> None:
    observed = [one for one in observations("no_lock") if one.kind not in ("refused", "browse")]

    with pytest.raises(CalibrationError, match="no observation of kind refused of no_lock, browse; expected"):
        fitted(observed)


def test_observations_of_different_settings_do_not_make_one_profile() -> None:
    observed = observations("no_lock")
    odd = observed[0].model_copy(update={"pool_size": 10})

    with pytest.raises(CalibrationError, match=r"\(1, 5, 1\), \(1, 10, 1\).*expected the same for all"):
        fitted([*observed, odd])


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"bought": 0}, "0 of .* answers were orders; expected some"),
        ({"clients": 2}, "2 clients; expected one"),
        ({"offered_per_s": 9}, "1 clients, 9 offered a second; expected clients alone"),
        ({"duration_s": 0}, "duration_s"),
    ],
)
def test_an_observation_that_does_not_show_its_kind_is_refused(
    changes: dict[str, object], complaint: str
) -> None:
    good = observe("no_lock", "back_to_back").model_dump()

    with pytest.raises(ValidationError, match=complaint):
        Observation.model_validate(good | changes)
