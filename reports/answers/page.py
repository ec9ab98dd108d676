"""The page of all answers: questions.html, one file that opens offline, a section for each question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from reports.answers import capacity, cost, measure_next, oversell, queue, sensitivity, sizing
from reports.answers.shapes import Answers, Cell, StrategyOversell
from reports.canvas import colours, custom_property
from reports.figures import Picture
from reports.wording import names, number, percent

FILE = "questions.html"
_REPORT = "index.html"
_FEW = 4


class _OfStrategy(Protocol):
    @property
    def strategy(self) -> str: ...


Ours = TypeVar("Ours", bound=_OfStrategy)


def write(answers: Answers, folder: Path) -> None:
    """Write `questions.html` into `folder`."""
    (folder / FILE).write_text(html(answers, report=(folder / _REPORT).is_file()), encoding="utf-8")


def html(answers: Answers, *, report: bool = False) -> str:
    """The whole page; nothing in it is fetched from elsewhere. `report`: the run's report lies beside it."""
    shade = colours(answers.strategies)
    return (
        _environment()
        .get_template("questions.html")
        .render(
            answers=answers,
            report=_REPORT if report else "",
            pictures=_pictures(answers),
            findings=list(findings(answers)),
            queued=[one.name for one in answers.strategies if one.ack == "queued"],
            colours={name: custom_property(colour) for name, colour in shade.items()},
        )
    )


def _pictures(answers: Answers) -> dict[str, Sequence[Picture]]:
    """Of each question that was asked, in its order on the page."""
    shade = colours(answers.strategies)
    found: dict[str, Sequence[Picture]] = {}
    if answers.capacity:
        found["capacity"] = capacity.pictures(answers.capacity, shade)
    if answers.sizing:
        found["sizing"] = sizing.pictures(answers.sizing, shade)
    if answers.sensitivity:
        found["sensitivity"] = sensitivity.pictures(answers.sensitivity, shade)
    if answers.queue:
        found["queue"] = queue.pictures(answers.queue, shade)
    if answers.oversell:
        found["oversell"] = oversell.pictures(answers.oversell, shade)
    if answers.cost:
        found["cost"] = cost.pictures(answers.cost)
    if answers.measure_next:
        found["measure_next"] = measure_next.pictures(answers.measure_next, shade)
    return found


def findings(answers: Answers) -> Iterator[tuple[str, str]]:
    """What each answer comes to: the name of its section, and a sentence."""
    if answers.capacity:
        yield "capacity", _of_capacity(answers)
    if answers.sizing:
        yield "sizing", _of_sizing(answers)
    if answers.sensitivity:
        yield "sensitivity", _of_sensitivity(answers)
    if answers.queue:
        yield "queue", _of_queue(answers)
    if answers.oversell:
        yield "oversell", _of_oversell(answers)
    if answers.cost:
        yield "cost", _of_cost(answers)
    if answers.measure_next:
        yield "measure_next", _of_measure_next(answers)


def _of_capacity(answers: Answers) -> str:
    assert answers.capacity  # noqa: S101 - for the type checker
    best = max(
        _comparable(answers, answers.capacity.strategies),
        key=lambda one: (one.always_kept, one.breaks_at or 0.0),
    )
    found = capacity.finding(best, answers.capacity.rehearsed)
    if best.breaks_at is None:
        return f"The largest crowd: {best.strategy}, whose objective is {found}."
    return f"The largest crowd: {best.strategy} keeps the objective up to {found}."


def _of_sizing(answers: Answers) -> str:
    assert answers.sizing  # noqa: S101 - for the type checker
    asked = answers.sizing
    fits = [one for one in _comparable(answers, asked.strategies) if one.smallest]
    if not fits:
        return f"For {number(asked.arrivals)} shoppers no system that was tried keeps the objective."
    best = min(fits, key=lambda one: _price(one.smallest))
    how_sure = " (extrapolated)" if best.smallest and best.smallest.beyond else ""
    size = _size(best.smallest)
    return f"For {number(asked.arrivals)} shoppers {best.strategy} gets along with {size}{how_sure}."


def _of_sensitivity(answers: Answers) -> str:
    assert answers.sensitivity  # noqa: S101 - for the type checker
    widest = [one.swings[0].factor for one in answers.sensitivity.strategies if one.swings[0].width > 0]
    if not widest:
        return f"Nothing that was varied moves the {answers.sensitivity.figure.title}."
    most = max(sorted(set(widest)), key=widest.count)
    count, every = widest.count(most), len(answers.sensitivity.strategies)
    return (
        f"What moves the {answers.sensitivity.figure.title} most: the {most}, "
        f"under {count} of {every} strategies."
    )


def _of_queue(answers: Answers) -> str:
    assert answers.queue  # noqa: S101 - for the type checker
    lasting = {
        one.strategy: one.empties_s.mean - one.begins_s.mean
        for one in answers.queue.strategies
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


def _of_oversell(answers: Answers) -> str:
    assert answers.oversell  # noqa: S101 - for the type checker
    asked = answers.oversell
    guilty = [one for one in asked.strategies if one.oversold[-1] > 0]
    clean = [one.strategy for one in asked.strategies if one.oversold[-1] == 0]
    told = [f"{one.strategy} {number(one.mean)}" for one in guilty]
    sentence = f"Units oversold on average: {names(told)}" if told else ""
    if clean:
        who = names(clean) if len(clean) <= _FEW else f"{len(clean)} other strategies"
        none = f"{who} oversold none in {asked.replications} runs"
        sentence = f"{sentence}; {none}" if sentence else none
    return f"{sentence}."


def _of_cost(answers: Answers) -> str:
    assert answers.cost  # noqa: S101 - for the type checker
    cheapest = min(_comparable(answers, answers.cost.strategies), key=lambda one: one.total.mean)
    unit, times = cost.money(answers.cost)
    made_up = ", at made-up prices" if answers.cost.is_example else ""
    return (
        f"The cheapest: {cheapest.strategy}, of whose machines a thousand orders use "
        f"{number(cheapest.total.mean * times)} {unit}{made_up}."
    )


def _of_measure_next(answers: Answers) -> str:
    assert answers.measure_next  # noqa: S101 - for the type checker
    first = [
        f"{measure_next.readable(one.parameters[0].path)} of {one.strategy}"
        for one in sorted(
            (one for one in answers.measure_next.strategies if one.parameters),
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


def _size(cell: Cell | None) -> str:
    if cell is None:
        return "none that was tried"
    counts = ((cell.cores, "core"), (cell.workers, "worker"), (cell.pool_size, "connection"))
    cores, workers, connections = (f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts)
    return f"{cores}, {workers} and {connections}{' for each' if cell.workers > 1 else ''}"


def _distribution(one: StrategyOversell) -> str:
    """What a row of the table says of a strategy that never oversold."""
    bound = (
        f" With 95 % confidence a run oversells with a chance below {one.bound * 100:.2g} %."
        if one.bound
        else ""
    )
    return f"None in {len(one.oversold)} runs.{bound}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "percent": percent, "svg": Markup}
    helpers: dict[str, Any] = {
        "crowd": capacity.finding,
        "money": cost.money,
        "size": _size,
        "distribution": _distribution,
        "readable": measure_next.readable,
    }
    environment.globals |= helpers
    return environment
