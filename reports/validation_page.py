"""A validation as a page: `validation.md`."""

from __future__ import annotations

from pathlib import Path

from reports.templating import template
from reports.validation import GOALS, Cell, Validation, summed
from reports.wording import number, percent
from scenarios.files import write_text

FILE = "validation.md"


def write(found: Validation, folder: Path) -> None:
    """Write `validation.md` into `folder`."""
    write_text(folder / FILE, markdown(found))


def markdown(found: Validation) -> str:
    """The page."""
    return template("validation.md", told=_told).render(
        found=found, summed=list(summed(found.cells)), tables=_tables(found), metrics=list(GOALS)
    )


def _tables(found: Validation) -> dict[str, dict[str, dict[str, Cell]]]:
    """The cells by strategy, load and figure."""
    tables: dict[str, dict[str, dict[str, Cell]]] = {}
    for cell in found.cells:
        tables.setdefault(cell.strategy, {}).setdefault(cell.load, {})[cell.metric] = cell
    return tables


def _told(cell: Cell | None) -> str:
    if cell is None:
        return ""
    text = f"{number(cell.predicted)} / {number(cell.measured)}"
    if cell.error is None:
        return text
    return f"{text} {percent(cell.error)}" if cell.within else f"{text} **{percent(cell.error)}**"
