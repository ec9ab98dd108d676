"""Orders of one SKU at a steady rate: what a calibration and a validation send beside drops."""

from __future__ import annotations

from scenarios.scenario import Product, Scenario, Shoppers, Size
from scenarios.shapes import Constant

_PATIENCE_S = 30.0


def hot_sku(per_s: float, duration_s: float) -> Scenario:
    """Shoppers who come at this rate, each for one unit of a SKU of which there is more than they want."""
    units = round(2 * per_s * duration_s) + 100
    size = Size(size="270", units=units)
    return Scenario(
        name="steady",
        summary="Orders of one hot SKU at a steady rate.",
        arrivals=Constant(shape="constant", per_s=per_s, duration_s=duration_s),
        products=(Product(id="hot", name="Hot", price_won=1_000, sizes=(size,)),),
        shoppers=Shoppers(patience_s=_PATIENCE_S),
        sells_out=False,
    )
