"""summary.json: its schema and the documentation agree, and what is in it follows from the runs."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from reports.shapes import Aggregate
from reports.summary import SCHEMA, Summary
from scenarios.scenario import Scenario

DOCUMENT = Path(__file__).parents[2] / "docs" / "summary-schema.md"
DESCRIBED_ELSEWHERE = {"scenario": Scenario, "strategies[].predicted": Aggregate}
"""By the scenario files, and by `strategies[].measured`."""


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(rows)


def described(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        here = f"{path}{field.alias or name}"
        yield here, " ".join((field.description or "").split())
        for inner, suffix in models_in(field.annotation):
            if DESCRIBED_ELSEWHERE.get(here) is not inner:
                yield from described(inner, f"{here}{suffix}.")


def models_in(annotation: object, suffix: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
    elif origin is dict:
        yield from models_in(arguments[1], f"{suffix}.*")
    elif origin is tuple:
        yield from models_in(arguments[0], f"{suffix}[]")
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from models_in(argument, suffix)


def test_the_documentation_describes_every_key_and_no_other() -> None:
    assert documented() == dict(described(Summary))


def test_the_documentation_names_the_version() -> None:
    assert f"`{SCHEMA}`" in DOCUMENT.read_text(encoding="utf-8")
