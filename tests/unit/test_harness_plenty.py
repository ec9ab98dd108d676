"""Stock that lasts for a while, and no longer than it has to."""

from __future__ import annotations

from harness.plenty import plentiful, units_for
from scenarios.scenario import load


def test_the_units_for_a_while_are_shared_out_over_the_skus() -> None:
    drop = load("sneaker_drop")

    plenty = plentiful(drop, seconds=0.7)

    units = [sku.units for sku in plenty.skus]
    assert [sku.sku for sku in plenty.skus] == [sku.sku for sku in drop.skus]
    assert units_for(0.7) <= sum(units) < units_for(0.7) + len(units)
    assert plenty.shoppers.balance_won > plenty.skus[0].price_won * sum(units)


def test_nothing_is_taken_from_a_scenario_that_has_more() -> None:
    drop = load("sneaker_drop")

    assert [sku.units for sku in plentiful(drop, seconds=0.001).skus] == [sku.units for sku in drop.skus]
