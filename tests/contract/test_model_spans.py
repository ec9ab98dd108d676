"""The stages of the model, held against the spans of the system, under every strategy."""

from __future__ import annotations

import pytest

from simulator.strategies import STRATEGIES
from tests.shops import ShopOf
from tests.strategies import ALL


@pytest.mark.parametrize("strategy", ALL)
def test_an_order_has_the_spans_of_the_stages_of_its_model(shop_of: ShopOf, strategy: str) -> None:
    answer = shop_of(strategy).order(("dunk-270", 1))

    spans = [span.partition(";")[0].strip() for span in answer.headers["server-timing"].split(",")]
    assert answer.status_code in (201, 202)
    assert spans == STRATEGIES[strategy].spans
