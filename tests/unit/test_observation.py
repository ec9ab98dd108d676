"""What shows nothing is no observation."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.observation import Observation
from tests.observed import observe


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
