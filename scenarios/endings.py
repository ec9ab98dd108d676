"""How a test by Locust ends: how each process sent its share of the crowd, and the exit code of the whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import IntEnum

from pydantic import BaseModel, ConfigDict

from scenarios.conditions import Generator


class ExitCode(IntEnum):
    """Of `locust -f locustfile.py`. Locust itself has 1 for errors of its own."""

    PASSED = 0
    WRONG_USAGE = 2
    UNKNOWN = 3  # not everybody was sent
    LATE = 4  # everybody was sent, but not on time
    UNANSWERED = 5  # everybody was sent, but no order was answered, or no page


SENT_TO_THE_LAST = (ExitCode.PASSED, ExitCode.LATE, ExitCode.UNANSWERED)
"""What Locust ends with when its record is whole."""


class Ending(BaseModel):
    """How a share ended. `failure` says why it was not sent, and is empty if it was sent to the last arrival.

    `answered` has for each operation that was attempted whether the shop answered any of the attempts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    generator: Generator | None = None
    max_lateness_p99_ms: float = 0.0  # as the scenario allows
    answered: dict[str, bool] = {}
    failure: str = ""

    @property
    def is_late(self) -> bool:
        """Whether the generator did not keep the schedule of the share."""
        kept = self.generator
        return kept is not None and (kept.dropped > 0 or kept.lateness_p99_ms > self.max_lateness_p99_ms)


class Shares:
    """The shares of one crowd: how many arrivals each sender has, and how its share ended if it has."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        self._endings: dict[str, Ending] = {}

    def note(self, sender: str, ending: Ending) -> None:
        """Keep how a sender's share ended. Who has none is not listened to."""
        if sender in self._sizes:
            self._endings[sender] = ending

    def out(self) -> set[str]:
        """The senders whose shares have not ended."""
        return self._sizes.keys() - self._endings.keys()

    def __len__(self) -> int:
        return len(self._sizes)

    def verdict(self, present: Collection[str]) -> tuple[ExitCode, list[str]]:
        """The exit code of a test that ends now, and a sentence for each thing that was wrong with it.

        Args:
            present: the senders that are still there.
        """
        not_sent = list(self._not_sent(present))
        unanswered = list(self._unanswered())
        late = list(self._late())
        codes = [
            (not_sent, ExitCode.UNKNOWN),
            (unanswered, ExitCode.UNANSWERED),
            (late, ExitCode.LATE),
        ]
        code = next((code for wrong, code in codes if wrong), ExitCode.PASSED)
        return code, [*not_sent, *unanswered, *late]

    def _not_sent(self, present: Collection[str]) -> Iterator[str]:
        if not self._sizes:
            yield "the test ended before anybody came"
        if lost := self.out().difference(present):
            yield (
                f"{len(lost)} of {len(self)} workers were lost in mid-run: how many of their "
                f"{self._arrivals(lost):,} arrivals were sent is not known"
            )
        if stopped := self.out().intersection(present):
            yield (
                f"the test was ended before everybody had left: some of {self._arrivals(stopped):,} arrivals "
                "were not sent, or not waited for"
            )
        for sender, ending in self._endings.items():
            if ending.failure:
                yield f"{self._sizes[sender]:,} arrivals were not sent: {ending.failure}"

    def _arrivals(self, senders: Collection[str]) -> int:
        return sum(self._sizes[sender] for sender in senders)

    def _unanswered(self) -> Iterator[str]:
        for operation in sorted({one for ending in self._endings.values() for one in ending.answered}):
            if not any(ending.answered.get(operation) for ending in self._endings.values()):
                yield f"no {operation} was answered: every attempt failed, or was never decided"

    def _late(self) -> Iterator[str]:
        late = [ending for ending in self._endings.values() if ending.is_late]
        generators = [ending.generator for ending in late if ending.generator]
        if generators:
            dropped = sum(generator.dropped for generator in generators)
            p99_ms = max(generator.lateness_p99_ms for generator in generators)
            yield (
                f"the schedule was not kept: {dropped:,} arrivals dropped, p99 of lateness {p99_ms:.1f} ms; "
                f"expected none, and at most {late[0].max_lateness_p99_ms:g} ms. These figures say nothing "
                "about the shop: give Locust more CPU, or more workers, or send fewer (--crowd 0.5)"
            )
