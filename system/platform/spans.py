"""Named steps of one request, reported in the `Server-Timing` header (W3C Server Timing)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Spans:
    """Collects (name, milliseconds) in the order in which the steps began."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[tuple[str, float]] = []

    def add(self, name: str, since: float) -> None:
        """Note that `name` took from `since` (a `perf_counter` reading) until now."""
        self._steps.append((name, (perf_counter() - since) * 1000))

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Time the block as the step `name`, whether it succeeds or not."""
        since = perf_counter()
        try:
            yield
        finally:
            self.add(name, since)

    def header(self) -> str:
        """The value of the header: `pool;dur=0.112, place_order;dur=1.603`."""
        return ", ".join(f"{name};dur={ms:.3f}" for name, ms in self._steps)
