"""The verdict on an experiment in a few sentences, for someone who reads nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from reports.ranking import contests
from reports.recommendation import recommendation
from reports.summary import StrategySummary
from reports.wording import in_units, names, number
from scenarios.scenario import Scenario

_WITHOUT_WORTH = {
    "invalid": "The generator did not keep its schedule, so this run says nothing about the system. "
    "Send fewer (--crowd 0.5), or give the generator a faster core.",
    "unknown": "Nothing is proven, so nothing is recommended: what could not be judged is listed below.",
}
_MANY = 5


def headline(verdict: str, strategies: Sequence[StrategySummary], scenario: Scenario) -> tuple[str, ...]:
    """Sentences: who oversold and by how much, who broke another invariant, which to take."""
    oversold = [strategy for strategy in strategies if strategy.figures.units.oversold]
    clean = [strategy for strategy in strategies if strategy.safe and strategy not in oversold]
    broken = [strategy.name for strategy in clean if strategy.audit.verdict == "fail"]
    sound = [strategy.name for strategy in clean if strategy.audit.verdict != "fail"]
    spared = [one.name for one in strategies if not one.safe and one not in oversold]
    return (
        *([_WITHOUT_WORTH[verdict]] if verdict in _WITHOUT_WORTH else []),
        *(_oversold(strategy) for strategy in oversold if strategy.safe),
        *([f"{names(broken)} oversold nothing, but broke another invariant."] if broken else []),
        *([f"{_who(sound)} oversold nothing."] if sound else []),
        *(_oversold(strategy) for strategy in oversold if not strategy.safe),
        *([f"{names(spared)} can oversell and did not in this run."] if spared and oversold else []),
        *([] if scenario.sells_out else ["The stock was meant to last: this run is about speed."]),
        *(_recommendations(strategies, scenario) if verdict == "pass" else []),
        *(["Nothing is recommended after a run that failed."] if verdict == "fail" else []),
    )


def _recommendations(strategies: Sequence[StrategySummary], scenario: Scenario) -> list[str]:
    """What to take of each contest that is one."""
    return [recommendation(contest) for contest in contests(strategies, scenario) if len(contest.running) > 1]


def _who(sound: Sequence[str]) -> str:
    return names(sound) if len(sound) < _MANY else f"{len(sound)} safe strategies"


def _oversold(strategy: StrategySummary) -> str:
    units, runs = strategy.figures.units, strategy.figures.runs
    who = strategy.name if strategy.safe else f"{strategy.name}, the control that must oversell,"
    sold = "sold" if strategy.measured else "would sell"
    mean = f", on average over {runs} runs" if runs > 1 else ""
    return f"{who} {sold} {in_units(units.oversold)} beyond the {number(units.stock)} in stock{mean}."
