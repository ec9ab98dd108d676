"""The exit code of a test by Locust, and the sentences that say what was wrong with it."""

from __future__ import annotations

import pytest

from scenarios.conditions import Generator
from scenarios.endings import Ending, ExitCode, Shares

MOST_MS = 50.0
SHARES = {"first": 120, "second": 1_119}
ANSWERED = {"order": True}


def kept(*, dropped: int = 0, p99_ms: float = 1.0) -> Generator:
    return Generator(
        offered=120,
        sent=120 - dropped,
        dropped=dropped,
        lateness_p50_ms=0.1,
        lateness_p99_ms=p99_ms,
        lateness_max_ms=p99_ms,
        cpu_share=0.1,
    )


def sent(generator: Generator, answered: dict[str, bool] = ANSWERED) -> Ending:
    return Ending(generator=generator, max_lateness_p99_ms=MOST_MS, answered=answered)


def verdict(*endings: Ending, present: set[str] | None = None) -> tuple[ExitCode, list[str]]:
    """Of a test with two shares that ended so, the first first."""
    shares = Shares(SHARES)
    for sender, ending in zip(SHARES, endings, strict=False):
        shares.note(sender, ending)
    return shares.verdict(set(SHARES) if present is None else present)


WELL = sent(kept())


def test_everybody_sent_on_time_and_answered_is_a_success() -> None:
    assert verdict(WELL, WELL) == (ExitCode.PASSED, [])


def test_one_answer_in_any_share_is_an_answer() -> None:
    unlucky = sent(kept(), {"order": False})
    assert verdict(unlucky, WELL) == (ExitCode.PASSED, [])


def test_a_share_without_arrivals_wants_no_answer() -> None:
    nobody = sent(kept(), {})
    assert verdict(nobody, WELL) == (ExitCode.PASSED, [])


def test_each_operation_wants_an_answer() -> None:
    pages_only = sent(kept(), {"browse": True, "order": False})
    code, [said] = verdict(pages_only, pages_only)
    assert code == ExitCode.UNANSWERED
    assert said.startswith("no order was answered")


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (kept(dropped=3), "3 arrivals dropped, p99 of lateness 1.0 ms"),
        (kept(p99_ms=50.1), "0 arrivals dropped, p99 of lateness 50.1 ms"),
    ],
)
def test_one_share_that_was_late_makes_the_test_late(late: Generator, said: str) -> None:
    code, [sentence] = verdict(WELL, sent(late))
    assert code == ExitCode.LATE
    assert said in sentence
    assert "at most 50 ms" in sentence


def test_lateness_up_to_the_bound_is_kept() -> None:
    assert verdict(WELL, sent(kept(p99_ms=MOST_MS)))[0] == ExitCode.PASSED


def test_a_share_whose_worker_is_gone_is_named_with_its_arrivals() -> None:
    code, [said] = verdict(WELL, present={"first"})
    assert code == ExitCode.UNKNOWN
    assert said.startswith("1 of 2 workers were lost")
    assert "1,119 arrivals" in said


def test_a_worker_that_goes_after_its_share_has_ended_is_not_missed() -> None:
    assert verdict(WELL, WELL, present={"second"}) == (ExitCode.PASSED, [])


def test_a_test_that_is_stopped_is_not_known_to_have_passed() -> None:
    code, [said] = verdict(WELL)
    assert code == ExitCode.UNKNOWN
    assert "ended before everybody had left: some of 1,119 arrivals" in said


def test_a_share_that_could_not_be_sent_says_why() -> None:
    code, [said] = verdict(WELL, Ending(failure="no shop at http://127.0.0.1:9"))
    assert code == ExitCode.UNKNOWN
    assert said == "1,119 arrivals were not sent: no shop at http://127.0.0.1:9"


def test_a_test_that_nobody_came_to_is_not_known_to_have_passed() -> None:
    code, [said] = Shares({}).verdict({"first"})
    assert code == ExitCode.UNKNOWN
    assert said == "the test ended before anybody came"


def test_everything_that_was_wrong_is_said_and_what_was_not_sent_decides() -> None:
    wrong = sent(kept(dropped=1), {"order": False})
    code, said = verdict(wrong)
    assert code == ExitCode.UNKNOWN
    assert len(said) == 3
    assert verdict(wrong, wrong)[0] == ExitCode.UNANSWERED


def test_who_has_no_share_is_not_listened_to() -> None:
    shares = Shares(SHARES)
    shares.note("stranger", WELL)
    assert shares.out() == set(SHARES)
