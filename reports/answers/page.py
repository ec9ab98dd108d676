"""The page of all answers: questions.html, one file that opens offline, a section for each question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from reports.answers import (
    capacity,
    compare,
    cost,
    lease,
    measure_next,
    oversell,
    queue,
    sensitivity,
    sizing,
)
from reports.answers.accuracy import off
from reports.answers.findings import findings
from reports.answers.shapes import Answers
from reports.canvas import colours, custom_property
from reports.figures import Picture
from reports.metrics import coverage
from reports.templating import template
from scenarios.files import write_text

FILE = "questions.html"
_REPORT = "index.html"


def write(answers: Answers, folder: Path) -> None:
    """Write `questions.html` into `folder`."""
    write_text(folder / FILE, html(answers, report=(folder / _REPORT).is_file()))


def html(answers: Answers, *, report: bool = False) -> str:
    """The whole page; nothing in it is fetched from elsewhere. `report`: the run's report lies beside it."""
    shade = colours(answers.strategies)
    page = template(
        "questions.html",
        certainty=compare.certainty,
        crowd=capacity.finding,
        difference=compare.difference,
        interval=lease.interval,
        one_in=lease.one_in,
        small=lease.small,
        money=cost.money,
        size=sizing.size,
        unmeasured=sizing.unmeasured,
        off=partial(off, answers),
        covered=coverage,
        distribution=oversell.distribution,
        readable=measure_next.readable,
    )
    return page.render(
        answers=answers,
        report=_REPORT if report else "",
        pictures=_pictures(answers),
        findings=list(findings(answers)),
        queued=[one.name for one in answers.strategies if one.ack == "queued"],
        colours={name: custom_property(colour) for name, colour in shade.items()},
    )


def _pictures(answers: Answers) -> dict[str, Sequence[Picture]]:
    """Of each question that was asked, in its order on the page."""
    shade = colours(answers.strategies)
    found: dict[str, Sequence[Picture]] = {}
    if answers.compare:
        found["compare"] = compare.pictures(answers.compare, shade)
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
    if answers.lease:
        found["lease"] = lease.pictures(answers.lease)
    if answers.cost:
        found["cost"] = cost.pictures(answers.cost)
    if answers.measure_next:
        found["measure_next"] = measure_next.pictures(answers.measure_next, shade)
    return found
