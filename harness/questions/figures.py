"""The figures that a question can be about, by the names that `--figure` takes."""

from __future__ import annotations

from reports.answers.shapes import Figure

FIGURES = {
    "everyone-p99": Figure(path="latency_ms.order.p99", title="p99 of everyone's answers", unit="ms"),
    "buyers-p99": Figure(path="latency_ms.bought.p99", title="p99 of the buyers' answers", unit="ms"),
    "orders-per-s": Figure(path="orders_per_s", title="orders a second", unit="orders/s", better="more"),
    "peak": Figure(path="peak_in_system", title="most attempts in the system", unit="attempts"),
    "oversold": Figure(path="units.oversold", title="units oversold", unit="units"),
}
