"""Locks under an isolation that they are not made for, with several workers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.axes import Axes
from harness.servers import Endpoints
from tests.shops import SMALL, served_shop


@pytest.mark.parametrize(
    "strategy", ["advisory_lock", "pessimistic_lock", "conditional_update", "micro_batch"]
)
def test_under_another_isolation_a_lock_that_comes_too_late_conflicts_and_never_oversells(
    endpoints: Endpoints, tmp_path: Path, strategy: str
) -> None:
    axes = Axes.model_validate({**SMALL.given, "isolation": "repeatable read", "workers": 2})
    with served_shop(strategy, endpoints, tmp_path / "shop.log", axes) as shop:
        shop.reset({"270": 20}, shoppers=60)
        answers = Counter(shop.at_once([(token, "mine", [("dunk-270", 1)]) for token in shop.tokens(60)]))
        left = shop.left("dunk-270")

    assert set(answers) <= {(201, ""), (409, "conflict"), (409, "sold_out")}
    assert answers[201, ""] == 20 - left > 0
