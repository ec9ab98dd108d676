"""The limit of a product: checked where there is one, over all orders of a shopper."""

from __future__ import annotations

from reports.audit import audit
from scenarios.history import Outcome
from scenarios.scenario import Scenario
from tests.unit.shop_runs import SCENARIO, Request, broken, play, verdicts

LIMITED = Scenario.model_validate(
    SCENARIO.model_dump() | {"products": [SCENARIO.products[0].model_dump() | {"limit": 1}]}
)


def test_nobody_above_the_limit_is_a_check_where_there_is_one() -> None:
    one_comes_again = [
        Request(1, {"shoe-270": 1}, 0.0, 0.01, 0.02),
        Request(1, {"shoe-270": 1}, 0.1, 0.11, 0.12, turned_away=Outcome.REFUSED, order_number=1),
    ]
    assert verdicts(audit(play(one_comes_again), LIMITED))[9] == "pass"
    assert verdicts(audit(play(one_comes_again[:1]), LIMITED))[9] == "unknown"
    assert 9 not in verdicts(audit(play(one_comes_again), SCENARIO))


def test_a_shopper_with_two_pairs_is_above_the_limit_whether_in_one_order_or_in_two() -> None:
    in_two = [
        Request(1, {"shoe-270": 1}, 0.0, 0.01, 0.02),
        Request(1, {"shoe-270": 1}, 0.1, 0.11, 0.12, order_number=1),
    ]
    for requests in (in_two, [Request(1, {"shoe-270": 2}, 0.0, 0.01, 0.02)]):
        report = audit(play(requests), LIMITED)
        assert broken(report) == {(9, "shoppers have more than the limit")}
        assert "made it 2 of shoe-270 for shopper 1, who may have 1" in report.violations[0].witnesses[0].text
