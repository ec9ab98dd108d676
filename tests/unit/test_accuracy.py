"""How far off the model may be, in the words beside its answers."""

from __future__ import annotations

import math

from reports.answers.accuracy import off
from tests.unit.test_foresight import a_document


def test_the_misfit_of_a_figure_is_told_as_a_factor_that_holds_nine_in_ten() -> None:
    told = a_document().model_copy(update={"misfits": {"orders_per_s": math.log(1.5) / 1.6449}})

    assert off(told, "orders_per_s") == "the model may be off by a factor of 1.5 either way"


def test_of_all_who_ask_the_misfit_is_that_of_the_buyers_unless_it_is_known() -> None:
    buyers = {"latency_ms.bought.p99": math.log(2) / 1.6449}
    told = a_document().model_copy(update={"misfits": buyers})
    known = told.model_copy(update={"misfits": buyers | {"latency_ms.order.p99": math.log(3) / 1.6449}})

    assert "a factor of 2 " in off(told, "latency_ms.order.p99")
    assert "a factor of 3 " in off(known, "latency_ms.order.p99")


def test_a_figure_that_no_calibration_was_held_against_is_said_to_be_so() -> None:
    assert (
        off(a_document(), "units.oversold") == "by how much the model may be off, its profile does not tell"
    )
