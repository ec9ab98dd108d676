"""Whatever the stock, the carts, the money and the timing: no safe strategy is failed by the audit."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.axes import Axes
from harness.servers import Endpoints
from tests.shops import PRICE_WON, served_shop
from tests.shops.crowds import Stock, Visit, audited
from tests.strategies import SAFE

EXAMPLES = 8
BUCKETS = 2

# Many connections and sorted carts, or few and carts that can deadlock: in turns, from strategy to strategy.
SET_UPS = (
    Axes(pool_size=6, buckets=BUCKETS, lock_timeout_ms=2_000),
    Axes(pool_size=2, buckets=BUCKETS, sort_carts=False, stock_statement="first", tries=3, lease_ms=20),
)
SET_UP = dict(zip(SAFE, itertools.cycle(SET_UPS), strict=False))


@st.composite
def stocks(draw: st.DrawFn) -> Stock:
    """Two sizes, few units, few shoppers; money for some of what they ask for."""
    units = {size: draw(st.integers(BUCKETS, 6)) for size in ("270", "280")}
    return Stock(
        units,
        shoppers=draw(st.integers(2, 8)),
        balance_won=PRICE_WON * draw(st.integers(1, 6)),
        limit=draw(st.none() | st.integers(1, 3)),
    )


@st.composite
def crowds(draw: st.DrawFn, stock: Stock) -> list[Visit]:
    """Carts of one or two lines within 30 ms. Some are sent again, at once or later; some hang up on it."""
    visits = []
    for number in range(draw(st.integers(5, 25))):
        skus = draw(st.permutations([f"dunk-{size}" for size in stock.units]))
        lines = tuple((sku, draw(st.integers(1, 2))) for sku in skus[: draw(st.integers(1, 2))])
        visit = Visit(
            shopper=draw(st.integers(0, stock.shoppers - 1)),
            key=f"key-{number}",
            lines=lines,
            after_s=draw(st.integers(0, 30)) / 1000,
            patience_s=draw(st.none() | st.integers(1, 20).map(lambda ms: ms / 1000)),
        )
        copies_after_s = draw(st.sampled_from(((), (), (), (0.0,), (0.05,), (0.0, 0.2))))
        visits += [visit, *(replace(visit, after_s=visit.after_s + later) for later in copies_after_s)]
    return visits


@pytest.mark.parametrize("strategy", SAFE)
def test_a_safe_strategy_is_never_failed(strategy: str, endpoints: Endpoints, tmp_path: Path) -> None:
    with served_shop(strategy, endpoints, tmp_path / "shop.log", SET_UP[strategy]) as shop:

        @given(data=st.data())
        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
        def holds(data: st.DataObject) -> None:
            stock = data.draw(stocks())
            report = audited(shop, stock, data.draw(crowds(stock)))
            assert report.violations == ()

        holds()
