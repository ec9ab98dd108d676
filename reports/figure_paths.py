"""The paths of the figures that summary.json can have, whatever happened in a run."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel

from reports.shapes import Interval, Metrics, Number, Percentiles
from reports.summary import PredictionError
from scenarios.history import Outcome

ENGINES = ("measured", "predicted")

_ANY = "*"  # a name that depends on the strategies
_NAMES = {"outcomes": [*Outcome], "latency_ms": [*Outcome, "order", "acknowledged"], "spans_ms": [_ANY]}


def paths() -> list[str]:
    """The path of every figure in a strategy's entry; `*` stands for the name of a span."""
    figures = list(_paths(Metrics))
    intervals = [f"intervals.{path}.{end}" for path in figures for end in Interval.model_fields]
    of_an_engine = [*figures, "runs", *(f"runs_with.{path}" for path in figures), "coverage", *intervals]
    errors = [f"prediction_error.{path}.{part}" for path in figures for part in PredictionError.model_fields]
    return [*(f"{engine}.{path}" for engine in ENGINES for path in of_an_engine), *errors]


def is_path(path: str) -> bool:
    """Whether a strategy's entry can have a figure there."""
    return _any_path().fullmatch(path) is not None


@cache
def _any_path() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(one).replace(r"\*", r"\w+") for one in paths()))


def _paths(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        for part in typing.get_args(field.annotation) or (field.annotation,):
            if part in typing.get_args(Number):
                yield name
                break
            if isinstance(part, type) and issubclass(part, Percentiles) and name in _NAMES:
                yield from (f"{name}.{key}.{inner}" for key in _NAMES[name] for inner in _paths(part))
            elif isinstance(part, type) and issubclass(part, BaseModel):
                yield from (f"{name}.{inner}" for inner in _paths(part))
            elif part == Number and name in _NAMES:
                yield from (f"{name}.{key}" for key in _NAMES[name])
