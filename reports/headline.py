"""The verdict on an experiment in a few sentences, for someone who reads nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from reports.summary import StrategySummary
from reports.wording import names, number
from scenarios.scenario import Scenario

_WITHOUT_WORTH = {
    "invalid": "The generator did not keep its schedule, so this run says nothing about the system.",
    "unknown": "Nothing is proven: the run never came near enough to overselling.",
}


def headline(verdict: str, strategies: Sequence[StrategySummary], scenario: Scenario) -> tuple[str, ...]:
    """Sentences: which strategies oversold and by how much, which broke another invariant, which did not."""
    oversold = [strategy for strategy in strategies if strategy.figures.units.oversold]
    clean = [strategy for strategy in strategies if strategy.safe and strategy not in oversold]
    broken = [strategy.name for strategy in clean if strategy.audit.verdict == "fail"]
    sound = [strategy.name for strategy in clean if strategy.audit.verdict != "fail"]
    return (
        *([_WITHOUT_WORTH[verdict]] if verdict in _WITHOUT_WORTH else []),
        *(_oversold(strategy) for strategy in oversold if strategy.safe),
        *([f"{names(broken)} oversold nothing, but broke another invariant."] if broken else []),
        *([f"{names(sound)} oversold nothing."] if sound else []),
        *(_oversold(strategy) for strategy in oversold if not strategy.safe),
        *([] if scenario.sells_out else ["The stock was meant to last: this run is about speed."]),
    )


def _oversold(strategy: StrategySummary) -> str:
    units, runs = strategy.figures.units, strategy.figures.runs
    who = strategy.name if strategy.safe else f"{strategy.name}, the control that must oversell,"
    sold = "sold" if strategy.measured else "would sell"
    mean = f", on average over {runs} runs" if runs > 1 else ""
    return f"{who} {sold} {number(units.oversold)} units more than there were ({number(units.stock)}){mean}."
