"""What was predicted beside what was measured: the error of each figure, and whether it was foreseen."""

from __future__ import annotations

from collections.abc import Mapping

from reports.shapes import Aggregate, Number, leaves
from reports.summary import PredictionError

_COMPARED = (
    "completed",
    "outcomes.",
    "units.sold",
    "units.oversold",
    "units.undersold",
    "units.false_sold_out",
    "sold_out_after_s",
    "queue_gone_after_s",
    "orders_per_s",
    "latency_ms.",
    "peak_in_system",
    "retries",
    "spans_ms.",
    "utilisation.",
)
_NOT_COMPARED = ("latency_ms.unknown", "utilisation.generator")  # patience, and what the model has none of


def prediction_errors(measured: Aggregate | None, predicted: Aggregate | None) -> dict[str, PredictionError]:
    """The error of each figure that both have, under its path.

    A figure is covered when the mean that was measured lies within the interval of the replications: it was
    foreseen as far as the model knows its own spread.
    """
    if measured is None or predicted is None:
        return {}
    foreseen = _figures(predicted)
    return {
        path: _error(value, foreseen[path], predicted, path)
        for path, value in _figures(measured).items()
        if path in foreseen
    }


def _figures(aggregate: Aggregate) -> Mapping[str, Number]:
    figures = leaves(aggregate.model_dump(exclude={"intervals", "bound_by"}))
    return {
        path: value
        for path, value in figures
        if value is not None and path.startswith(_COMPARED) and not path.startswith(_NOT_COMPARED)
    }


def _error(measured: Number, predicted: Number, aggregate: Aggregate, path: str) -> PredictionError:
    bounds = aggregate.intervals[path]
    return PredictionError(
        measured=measured,
        predicted=predicted,
        relative=_relative(measured, predicted),
        covered=bounds.low <= measured <= bounds.high,
    )


def _relative(measured: Number, predicted: Number) -> float | None:
    if measured == predicted:
        return 0.0
    return round((predicted - measured) / measured, 4) if measured else None
