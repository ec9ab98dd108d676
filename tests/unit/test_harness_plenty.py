"""Stock that lasts for a while, and no longer than it has to."""

from __future__ import annotations

from harness.plenty import WARM_UP, WARM_UP_SKUS, units_for, with_warm_up
from scenarios.scenario import load


def test_a_warm_up_has_units_for_a_while_beside_what_is_on_sale() -> None:
    drop = load("sneaker_drop")

    warmed = with_warm_up(drop, seconds=0.7, at_least=1)

    *on_sale, warm_up = warmed.products
    units = sum(size.units for size in warm_up.sizes)
    assert on_sale == list(drop.products)
    assert tuple(f"{WARM_UP}-{size.size}" for size in warm_up.sizes) == WARM_UP_SKUS
    assert units_for(0.7) <= units < units_for(0.7) + len(WARM_UP_SKUS)


def test_every_size_of_a_warm_up_has_a_unit_for_each_bucket() -> None:
    warmed = with_warm_up(load("sneaker_drop"), seconds=0.001, at_least=500)

    assert {size.units for size in warmed.products[-1].sizes} == {500}
