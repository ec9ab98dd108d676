"""What each answer comes to, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from reports.answers import capacity, compare, cost, lease, measure_next
from reports.answers.shapes import (
    Answers,
    Capacity,
    Cell,
    Compare,
    Cost,
    Leases,
    MeasureNext,
    Oversell,
    Queue,
    Sensitivity,
    Sizing,
)
from reports.wording import names, number

_FEW = 4


class _OfStrategy(Protocol):
    @property
    def strategy(self) -> str: ...


Ours = TypeVar("Ours", bound=_OfStrategy)


def findings(answers: Answers) -> Iterator[tuple[str, str]]:
    """The name of each answer's section, and its sentence."""
    for name, sentence in _SENTENCES.items():
        asked = getattr(answers, name)
        if asked:
            yield name, sentence(asked, answers)


def _of_compare(asked: Compare, answers: Answers) -> str:
    title, unit = asked.figure.title, asked.figure.unit
    rivals = [one for one in _comparable(answers, asked.strategies) if one.difference]
    close = [one.strategy for one in rivals if one.difference and not one.difference.differs]
    mean = next(one.mean for one in asked.strategies if one.strategy == asked.best).mean
    best = f"The best {title}: {asked.best} with {number(mean)} {unit}"
    if not rivals:
        return f"{best}."
    if close:
        return f"{best}, which cannot be told from that of {names(close)}."
    return f"{best}; the others are worse by more than chance. {compare.certainty(asked)}"


def _of_capacity(asked: Capacity, answers: Answers) -> str:
    best = max(
        _comparable(answers, asked.strategies),
        key=lambda one: (one.always_kept, one.breaks_at or 0.0),
    )
    found = capacity.finding(best, asked.rehearsed)
    if best.breaks_at is None:
        return f"The largest crowd: {best.strategy}, whose objective is {found}."
    return f"The largest crowd: {best.strategy} keeps the objective up to {found}."


def _of_sizing(asked: Sizing, answers: Answers) -> str:
    fits = [one for one in _comparable(answers, asked.strategies) if one.smallest]
    if not fits:
        return f"For {number(asked.arrivals)} shoppers no system that was tried keeps the objective."
    best = min(fits, key=lambda one: _price(one.smallest))
    how_sure = " (extrapolated)" if best.smallest and best.smallest.beyond else ""
    return (
        f"For {number(asked.arrivals)} shoppers {best.strategy} gets along with "
        f"{size(best.smallest)}{how_sure}."
    )


def _of_sensitivity(asked: Sensitivity, _: Answers) -> str:
    widest = [one.swings[0].factor for one in asked.strategies if one.swings[0].width > 0]
    if not widest:
        return f"Nothing that was varied moves the {asked.figure.title}."
    most = max(sorted(set(widest)), key=widest.count)
    count, every = widest.count(most), len(asked.strategies)
    return f"What moves the {asked.figure.title} most: the {most}, under {count} of {every} strategies."


def _of_queue(asked: Queue, _: Answers) -> str:
    lasting = {
        one.strategy: one.empties_s.mean - one.begins_s.mean
        for one in asked.strategies
        if one.begins_s and one.empties_s
    }
    if not lasting:
        return "No strategy has a queue."
    shortest, longest = (choose(lasting, key=lasting.__getitem__) for choose in (min, max))
    if shortest == longest:
        return f"The queue of {longest} lasts {number(lasting[longest])} s."
    return (
        f"Queues last from {number(lasting[shortest])} s ({shortest}) "
        f"to {number(lasting[longest])} s ({longest})."
    )


def _of_oversell(asked: Oversell, _: Answers) -> str:
    guilty = [one for one in asked.strategies if one.oversold[-1] > 0]
    clean = [one.strategy for one in asked.strategies if one.oversold[-1] == 0]
    told = [f"{one.strategy} {number(one.mean)}" for one in guilty]
    sentence = f"Units oversold on average: {names(told)}" if told else ""
    if clean:
        who = names(clean) if len(clean) <= _FEW else f"{len(clean)} other strategies"
        none = f"{who} oversold none in {asked.replications} runs"
        sentence = f"{sentence}; {none}" if sentence else none
    return f"{sentence}."


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


def _price(cell: Cell | None) -> tuple[int, int, int]:
    return (cell.cores, cell.workers, cell.workers * cell.pool_size) if cell else (0, 0, 0)


def size(cell: Cell | None) -> str:
    if cell is None:
        return "none that was tried"
    counts = ((cell.cores, "core"), (cell.workers, "worker"), (cell.pool_size, "connection"))
    cores, workers, connections = (f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts)
    return f"{cores}, {workers} and {connections}{' for each' if cell.workers > 1 else ''}"


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
