"""What each answer comes to, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from reports.answers import capacity, compare, cost, lease, measure_next, sizing
from reports.answers.accuracy import off
from reports.answers.shapes import (
    Answers,
    Capacity,
    Compare,
    Cost,
    Leases,
    MeasureNext,
    Oversell,
    Queue,
    Sensitivity,
    Sizing,
    System,
)
from reports.wording import names, number

_FEW = 4


class _OfStrategy(Protocol):
    @property
    def strategy(self) -> str: ...


Ours = TypeVar("Ours", bound=_OfStrategy)


def findings(answers: Answers) -> Iterator[tuple[str, str]]:
    """The name of each answer's section, and its sentence, which tells what of it was never measured."""
    beyond = f"With {names(answers.unmeasured)}, never measured: " if answers.unmeasured else ""
    for name, sentence in _SENTENCES.items():
        asked = getattr(answers, name)
        if asked:
            yield name, beyond + sentence(asked, answers)


def _of_compare(asked: Compare, answers: Answers) -> str:
    title, unit = asked.figure.title, asked.figure.unit
    rivals = [one for one in _comparable(answers, asked.strategies) if one.difference]
    close = [one.strategy for one in rivals if one.difference and not one.difference.differs]
    mean = next(one.mean for one in asked.strategies if one.strategy == asked.best).mean
    best = f"The best {title}: {asked.best} with {number(mean)} {unit}"
    if close:
        best += f", which cannot be told from that of {names(close)}"
    elif rivals:
        best += "; the others are worse by more than chance"
    return f"{best}. {compare.certainty(asked)[:-1]}; {off(answers, asked.figure.path)}."


def _of_capacity(asked: Capacity, answers: Answers) -> str:
    best = max(
        _comparable(answers, asked.strategies),
        key=lambda one: (one.always_kept, one.breaks_at or 0.0),
    )
    found = capacity.finding(best, asked.rehearsed)
    what = (
        f"{best.strategy}, whose objective is"
        if best.breaks_at is None
        else f"{best.strategy} keeps it up to"
    )
    return f"The largest crowd that keeps the objective: {what} {found}."


def _of_sizing(asked: Sizing, answers: Answers) -> str:
    fits = [one for one in _comparable(answers, asked.strategies) if one.smallest]
    if not fits:
        return f"For {number(asked.arrivals)} shoppers no system that was tried keeps the objective."
    best = min(fits, key=lambda one: _price(one.smallest))
    beyond = sizing.unmeasured(best.smallest, asked.calibrated) if best.smallest else ""
    return (
        f"For {number(asked.arrivals)} shoppers {best.strategy} gets along with {sizing.size(best.smallest)}"
        f"{f', though {beyond}' if beyond else ''}."
    )


def _of_sensitivity(asked: Sensitivity, _: Answers) -> str:
    widest = [one.swings[0].factor for one in asked.strategies if one.swings[0].width > 0]
    if not widest:
        return f"Nothing that was varied moves the {asked.figure.title}."
    most = max(sorted(set(widest)), key=widest.count)
    count, every = widest.count(most), len(asked.strategies)
    never = any(swing.unmeasured for one in asked.strategies for swing in one.swings if swing.factor == most)
    beyond = ", of which no other was ever measured," if never else ","
    return (
        f"What moves the {asked.figure.title} most: the {most}{beyond} under {count} of {every} strategies."
    )


def _of_queue(asked: Queue, _: Answers) -> str:
    lasting = {
        one.strategy: one.empties_s.mean - one.begins_s.mean
        for one in asked.strategies
        if one.begins_s and one.empties_s
    }
    if not lasting:
        return "No strategy has a queue."
    those = {
        one.strategy: f"{one.strategy}, in {asked.replications - one.without} of {asked.replications} runs"
        if one.without
        else one.strategy
        for one in asked.strategies
    }
    shortest, longest = (choose(lasting, key=lasting.__getitem__) for choose in (min, max))
    if shortest == longest:
        return f"The queue lasts {number(lasting[longest])} s ({those[longest]})."
    return (
        f"Queues last from {number(lasting[shortest])} s ({those[shortest]}) "
        f"to {number(lasting[longest])} s ({those[longest]})."
    )


def _of_oversell(asked: Oversell, _: Answers) -> str:
    guilty = [one for one in asked.strategies if one.oversold[-1] > 0]
    clean = [one.strategy for one in asked.strategies if one.oversold[-1] == 0 and not one.safe]
    safe = [one.strategy for one in asked.strategies if one.oversold[-1] == 0 and one.safe]
    told = [f"{one.strategy} {number(one.mean)}" for one in guilty]
    parts = [f"Units oversold on average: {names(told)}"] if told else []
    if clean:
        parts.append(f"{names(clean)} oversold none in {asked.replications} runs")
    if safe:
        who = names(safe) if len(safe) <= _FEW else f"{len(safe)} strategies"
        parts.append(f"{who} oversell none by construction")
    return f"{'; '.join(parts)}."


def _of_lease(asked: Leases, _: Answers) -> str:
    if asked.held is None:
        return f"Nobody got a lease of {asked.strategy}, so nobody can outlive one."
    one, drop, units = (
        lease.small(found.mean) for found in (asked.asked.one, asked.asked.drop, asked.asked.units)
    )
    return (
        f"The chance that a pause outlives a lease of {number(asked.asked.lease_ms)} ms: {one}, in a whole "
        f"drop {drop}, where {units} units are oversold on average; with the pauses that were stated."
    )


def _of_cost(asked: Cost, answers: Answers) -> str:
    cheapest = min(_comparable(answers, asked.strategies), key=lambda one: one.total.mean)
    unit, times = cost.money(asked)
    made_up = ", at made-up prices" if asked.is_example else ""
    return (
        f"The cheapest: {cheapest.strategy}, of whose machines a thousand orders use "
        f"{number(cheapest.total.mean * times)} {unit}{made_up}."
    )


def _of_measure_next(asked: MeasureNext, _: Answers) -> str:
    first = [
        f"{measure_next.readable(one.parameters[0].path)} of {one.strategy}"
        for one in sorted(
            (one for one in asked.strategies if one.parameters),
            key=lambda one: -one.parameters[0].certain / (one.baseline or 1.0),
        )
    ]
    return f"Measure next: {first[0]}." if first else "There is nothing to measure."


def _comparable(answers: Answers, among: Sequence[Ours]) -> Sequence[Ours]:
    """Of safe strategies those that commit before they answer, as in the report; all, where there is none."""
    names_of = {one.name for one in answers.strategies if one.safe and one.ack == "committed"}
    return [one for one in among if one.strategy in names_of] or among


def _price(system: System | None) -> tuple[int, int, int]:
    return (system.cores, system.workers, system.workers * system.pool_size) if system else (0, 0, 0)


_SENTENCES: dict[str, Callable[[Any, Answers], str]] = {
    "compare": _of_compare,
    "capacity": _of_capacity,
    "sizing": _of_sizing,
    "sensitivity": _of_sensitivity,
    "queue": _of_queue,
    "oversell": _of_oversell,
    "lease": _of_lease,
    "cost": _of_cost,
    "measure_next": _of_measure_next,
}
