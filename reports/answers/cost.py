"""What a thousand orders cost: a bar for each strategy, by whom the money is for."""

from __future__ import annotations

from typing import NamedTuple

from reports.answers.drawing import beside, height_of, name_rows
from reports.answers.shapes import Cost
from reports.canvas import ROLES, Canvas
from reports.figures import Picture
from reports.wording import number

_SMALL = 0.1
_PARTS = {"application": ROLES["worker"], "database": ROLES["database"], "redis": ROLES["redis"]}


class Money(NamedTuple):
    """A unit in which costs are no long rows of zeros: so many `times` as large is the number in it."""

    unit: str
    times: float


def money(cost: Cost) -> Money:
    """The currency, or a thousandth of it."""
    dearest = max((one.total.mean for one in cost.strategies), default=0.0)
    if 0 < dearest < _SMALL:
        return Money(f"thousandths of a {cost.prices.currency}", 1000.0)
    return Money(cost.prices.currency, 1.0)


def pictures(cost: Cost) -> list[Picture]:
    """One."""
    canvas = Canvas(
        "cost",
        "The cost of a thousand orders under each strategy.",
        width=5.8,
        height=height_of(len(cost.strategies)) + 0.15,
    )
    unit, times = money(cost)
    with canvas as axes:
        for row, one in enumerate(cost.strategies):
            left = 0.0
            for part, colour in _PARTS.items():
                share = times * getattr(one, part)
                axes.barh(row, share, left=left, height=0.55, color=colour, label=part if row == 0 else None)
                left += share
            beside(axes, (left, row), f"{number(left)}")
        name_rows(axes, [one.strategy for one in cost.strategies])
        axes.set_xlim(0, 1.2 * times * max((one.total.mean for one in cost.strategies), default=1.0) or 1.0)
        axes.xaxis.set_major_formatter(lambda value, _: number(value))
        axes.set_xlabel(f"{unit}, for a thousand orders")
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=len(_PARTS),
            frameon=False,
            fontsize=8.5,
            borderpad=0,
        )
    return [Picture("What a thousand orders of this drop use", canvas.svg)]
