"""Which strategy to take, in one sentence with its evidence; or why none can be named."""

from __future__ import annotations

from collections.abc import Sequence

from reports.ranking import Contest, waits
from reports.summary import StrategySummary
from reports.telling_apart import MOST_REPEATS, distance, pairs_of
from reports.wording import names, two_durations

_MANY = 4
_OF_THOSE = {"committed": "", "queued": "Of those that queue orders and commit later: "}
_MORE_RUNS = {"measured": "--repeats 2", "predicted": "--replications 2"}


def recommendation(contest: Contest) -> str:
    """The sentence on a contest in which at least two strategies are in the running."""
    leaders = [place.strategy for place in contest.places if place.rank == 1]
    if not leaders:
        said = _without_spread(contest)
    elif len(leaders) > 1:
        said = _alike(contest, leaders)
    else:
        said = _recommended(contest)
    return _OF_THOSE[contest.ack] + said


def _recommended(contest: Contest) -> str:
    first, second, *_ = contest.running
    own, next_one = _waits_of_the_first_two(contest)
    evidence = f"99 of 100 {contest.criterion.whose} took at most {own}; {second.name}, the next, {next_one}"
    if first.measured:
        return f"Recommended: {first.name}: {evidence}; told apart by {_runs(first)}."
    return (
        f"The model favours {first.name}: {evidence}; told apart by its intervals, which hold its misfit. "
        "A load test shows whether it is so."
    )


def _alike(contest: Contest, leaders: Sequence[StrategySummary]) -> str:
    first, second, *_ = contest.running
    own, next_one = _waits_of_the_first_two(contest)
    who = names([one.name for one in leaders]) if len(leaders) < _MANY else f"the first {len(leaders)}"
    return (
        f"No recommendation: {who} cannot be told apart, at {_runs(first)}: 99 of 100 "
        f"{contest.criterion.whose} took at most {own} ({first.name}) and {next_one} ({second.name}); "
        f"{_enough(contest)}."
    )


def _enough(contest: Contest) -> str:
    if contest.spread is None:
        raise ValueError("no spread: expected a contest whose strategies have places")
    if not contest.running[0].measured:
        return "the intervals of the model, which hold its misfit, meet"
    first, second, *_ = (waits(one, contest.criterion) for one in contest.running)
    enough = contest.spread.repeats_for(distance(first, second), pairs=pairs_of(contest.running))
    if enough is None:
        return f"nor would {MOST_REPEATS} tell these two apart"
    return f"about {enough} would tell these two apart, if they differ by as much as it looks"


def _without_spread(contest: Contest) -> str:
    first, *_ = contest.running
    if first.figures.runs > 1:
        return "No recommendation: in every run shoppers gave up, so the waits tell their patience alone."
    return (
        f"No recommendation: nothing can be told apart at {_runs(first)}, which shows no spread; expected 2 "
        f"or more ({_MORE_RUNS[first.engine]})."
    )


def _waits_of_the_first_two(contest: Contest) -> tuple[str, str]:
    _, outcome, _ = contest.criterion.path.split(".")
    first, second, *_ = (one.figures.latency_ms[outcome].p99 for one in contest.running)
    return two_durations(first, second)


def _runs(strategy: StrategySummary) -> str:
    runs = strategy.figures.runs
    kind = "repeat" if strategy.measured else "replication"
    of_the_model = "" if strategy.measured else " of the model"
    return f"{runs} {kind}{'s' if runs > 1 else ''}{of_the_model}"
