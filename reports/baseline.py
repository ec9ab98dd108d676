"""A baseline: the figures of a run as ratios to one of its strategies, kept to hold later runs against.

Ratios within one run are what carries over from machine to machine; milliseconds are not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from reports.shapes import Aggregate, Metrics, Number, leaves
from reports.summary import Summary
from reports.thresholds import ThresholdsError
from scenarios.complaints import nearest
from scenarios.files import write_text
from scenarios.reading import ReadingError, read_json


class Baseline(BaseModel):
    """`ratios`: for each strategy and path of `measured`, its figure over that of the `reference`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    schema_: Literal["dropday.baseline/1"] = Field(default="dropday.baseline/1", alias="schema")
    scenario: str
    run: str
    reference: str
    ratios: dict[str, dict[str, float]]

    def ratio(self, metric: str, strategy: str, scenario: str) -> float:
        """The ratio of a strategy's figure to the reference's.

        Raises:
            ThresholdsError: the baseline is of another scenario, or has no such ratio.
        """
        self.require_of(scenario)
        try:
            return self.ratios[strategy][metric]
        except KeyError as error:
            raise ThresholdsError(
                f"the baseline of run {self.run} has no {metric} of {strategy}; take it again with both"
            ) from error

    def require_of(self, scenario: str) -> None:
        """Do nothing where the baseline is of that scenario.

        Raises:
            ThresholdsError: it is of another one.
        """
        if scenario != self.scenario:
            raise ThresholdsError(
                f"the baseline of run {self.run} is of {self.scenario!r}, this run is of {scenario!r}; "
                f'expected scenarios = ["{self.scenario}"] in its thresholds'
            )

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_text(path, self.model_dump_json(by_alias=True, indent=2) + "\n")


def take(summary: Summary, reference: str) -> Baseline:
    """The baseline that a run makes, with `reference` as the strategy that all others are compared to.

    Raises:
        ThresholdsError: the run did not measure the reference.
    """
    measured = {one.name: _figures(one.measured) for one in summary.strategies if one.measured}
    if reference not in measured:
        expected = ", ".join(measured) or "a run that measured something"
        hint = nearest(reference, measured)
        raise ThresholdsError(f"reference {reference!r} was not measured{hint or ';'} expected {expected}")
    units = {path: value for path, value in measured[reference].items() if value}
    return Baseline(
        scenario=summary.scenario.name,
        run=summary.run.id,
        reference=reference,
        ratios={
            name: {path: value / units[path] for path, value in figures.items() if path in units}
            for name, figures in measured.items()
        },
    )


def _figures(measured: Aggregate) -> dict[str, Number]:
    tree = {"measured": measured.model_dump(include=set(Metrics.model_fields))}
    return {path: value for path, value in leaves(tree) if isinstance(value, int | float)}


def load(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        ThresholdsError: it cannot be read, or is not of this version.
    """
    try:
        return read_json(path, Baseline, expected="a baseline file of ratios")
    except ReadingError as error:
        raise ThresholdsError(str(error)) from error
