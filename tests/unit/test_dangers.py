"""A run proves something only where it came near the danger; a breach in one repeat is a breach."""

from __future__ import annotations

from reports.audit import audit, merge
from reports.metrics import measure
from scenarios.history import Outcome
from tests.unit.shop_runs import SCENARIO, Request, play, rush, verdicts, with_row


def test_units_that_nobody_found_do_not_keep_a_run_from_having_been_dangerous() -> None:
    stranded = [
        Request(shopper, {"shoe-280": 2}, 0.0, 0.01, 0.02, turned_away=Outcome.SOLD_OUT) for shopper in (1, 2)
    ]
    run = play([Request(0, {"shoe-270": 1}, 0.0, 0.01, 0.02), *stranded])
    assert verdicts(audit(run, SCENARIO, exact=False))[1] == "pass"
    assert verdicts(audit(run, SCENARIO, exact=True))[1] == "unknown"
    assert verdicts(audit(play(rush()[:1]), SCENARIO, exact=False))[1] == "unknown"
    assert measure(run).units.undersold == 2


def test_a_run_in_which_nothing_ran_out_says_nothing_about_overselling() -> None:
    report = audit(play([Request(n, {"shoe-270": 1}, 0.0, 0.01, 0.02) for n in range(2)]), SCENARIO)
    assert verdicts(report) == {1: "unknown", 2: "unknown", 3: "pass", 4: "pass", 5: "pass"}
    assert report.verdict == "unknown"


def test_a_run_in_which_nobody_competed_says_nothing_about_overselling() -> None:
    one_by_one = [Request(n, {"shoe-280": 1}, n, n + 0.1, n + 0.2) for n in range(4)]
    report = audit(play(one_by_one), SCENARIO)
    assert verdicts(report) == {1: "unknown", 2: "pass", 3: "pass", 4: "pass", 5: "pass"}
    assert "at the same time" in report.checks[0].why


def test_a_run_without_an_order_says_nothing() -> None:
    refused = [Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2, turned_away=Outcome.REJECTED)]
    assert set(verdicts(audit(play(refused), SCENARIO)).values()) == {"unknown"}


def test_one_dangerous_repeat_is_enough_to_pass_and_one_breach_to_fail() -> None:
    good = audit(play(rush()), SCENARIO)
    tame = audit(play([Request(1, {"shoe-270": 1}, 0.0, 0.1, 0.2)]), SCENARIO)
    bad = audit(with_row(play(rush()), "stock", 1, reserved=1), SCENARIO)
    assert merge([tame, good]).verdict == "pass"
    assert merge([tame, tame]).verdict == "unknown"
    assert merge([good, bad, tame]).verdict == "fail"
    assert [violation.run for violation in merge([good, bad, tame]).violations] == [1]
