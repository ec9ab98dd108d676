"""The calibrated parameters that runs under one strategy depend on, and how well each is known."""

from __future__ import annotations

from typing import Any, NamedTuple

from reports.shapes import leaves
from scenarios.scenario import Scenario
from simulator.profile import Profile

RELATIVE = 0.1  # how far off a parameter may be of which the profile has no interval
_OF_ALL = ("wire_ms", "identify_ms", "unevenness")


class Uncertain(NamedTuple):
    """A parameter, and between which values it lies; `known`: by its interval in the profile."""

    value: float
    least: float
    most: float
    known: bool


def parameters(profile: Profile, strategy: str, scenario: Scenario) -> dict[str, Uncertain]:
    """Those that are not 0, by path."""
    document = profile.model_dump()
    of_all: dict[str, Any] = {name: document[name] for name in _OF_ALL}
    if "browse" in scenario.journey:
        of_all |= {f"browse.{path}": value for path, value in leaves(document["browse"])}
    found = {path: _somewhere_near(value) for path, value in of_all.items()}
    intervals = profile.intervals.get(strategy, {})
    for path, value in leaves(document["strategies"][strategy]):
        at = intervals.get(path)
        found[f"strategies.{strategy}.{path}"] = (
            Uncertain(value, at.low, at.high, known=True) if at else _somewhere_near(value)
        )
    return {path: one for path, one in found.items() if one.value}


def _somewhere_near(value: float) -> Uncertain:
    return Uncertain(value, value * (1 - RELATIVE), value * (1 + RELATIVE), known=False)


def with_value(profile: Profile, path: str, value: float) -> Profile:
    """The same profile with another value of that parameter."""
    document = profile.model_dump(by_alias=True)
    *branches, leaf = path.split(".")
    branch = document
    for name in branches:
        branch = branch[name]
    branch[leaf] = value
    return Profile.model_validate(document)
