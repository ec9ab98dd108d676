"""One load test of one scenario in this process: the schedule, the crowd, the progress and the record."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gevent

from scenarios import history
from scenarios.arrivals import Arrivals
from scenarios.conditions import GeneratorLog
from scenarios.dispatcher import GIVE_UP_S, Clock, Dispatcher
from scenarios.endings import Ending
from scenarios.files import write_text
from scenarios.history import Outcome
from scenarios.limits import most_at_once, room_for_connections
from scenarios.recorder import Recorder
from scenarios.scenario import Scenario
from scenarios.shoppers import Crowd

_PROGRESS_EVERY_S = 0.25
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Which arrivals are this process's own: those at `index`, `index + of`, `index + 2 of`, ..."""

    index: int = 0
    of: int = 1

    def own(self, arrivals: int) -> range:
        """Its own arrivals, of so many."""
        return range(self.index, arrivals, self.of)

    def folder(self, shared: Path) -> Path:
        """Where this process writes what others write to `shared`."""
        return shared if self.of == 1 else shared / f"worker-{self.index}"


@dataclass(frozen=True)
class Rehearsal:
    """A load test, ready to run against a shop that has been stocked.

    Args:
        record: folder for `history.parquet` and `generator.json`.
        progress: file that gets a line of JSON four times a second.

    Where there are several parts, both are in a folder of their own, `worker-0`, `worker-1`, ...
    """

    scenario: Scenario
    arrivals: Arrivals
    part: Part
    record: Path | None
    progress: Path | None

    def run(self, url: str, tokens: list[str], begins_unix_s: float, tell: Callable[..., None]) -> Ending:
        """Send the crowd and return when everybody has left. What was seen is recorded, come what may."""
        clock = Clock(begins_unix_s)
        recorder = Recorder(self.scenario, self.arrivals)
        crowd = Crowd(
            self.scenario,
            self.arrivals,
            url=url,
            tokens=tokens,
            clock=clock,
            recorder=recorder,
            tell=tell,
        )
        dispatcher = Dispatcher(clock, crowd.journey, self._room())
        cpu_s, since_s = time.process_time(), time.monotonic()
        completed = False
        try:
            with _reporting(self._progress(), self.scenario.duration_s, clock, dispatcher, recorder):
                dispatcher.run(self._schedule())
            completed = True
        finally:
            crowd.leave()
            cpu_share = (time.process_time() - cpu_s) / (time.monotonic() - since_s)
            log = GeneratorLog(
                begins_unix_s=begins_unix_s,
                begins_monotonic_s=clock.begins_monotonic_s,
                completed=completed,
                generator=recorder.generator(
                    offered=dispatcher.due, dropped=dispatcher.dropped, cpu_share=cpu_share
                ),
            )
            self._save(recorder, log)
        return Ending(
            generator=log.generator,
            max_lateness_p99_ms=self.scenario.max_lateness_p99_ms,
            answered=recorder.answered(),
        )

    def _schedule(self) -> Iterator[tuple[int, float]]:
        mine = self.part.own(len(self.arrivals))
        return zip(mine, self.arrivals.at_s[mine.start :: mine.step].tolist(), strict=True)

    def _room(self) -> int:
        room = room_for_connections()
        patience_s = self.scenario.shoppers.patience_s
        need = most_at_once(self.arrivals.at_s[self.part.index :: self.part.of], patience_s)
        if need > room:
            _log.warning(
                "if the shop answers nobody for %g s, %d shoppers wait at once, and this process has room "
                "for %d connections: arrivals without room for %g s are dropped, and counted. Raise the "
                "limit of open files (ulimit -Hn) or add Locust workers",
                patience_s,
                need,
                room,
                GIVE_UP_S,
            )
        return room

    def _progress(self) -> Path | None:
        if self.progress is None:
            return None
        folder = self.part.folder(self.progress.parent)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / self.progress.name

    def _save(self, recorder: Recorder, log: GeneratorLog) -> None:
        if self.record is None:
            return
        folder = self.part.folder(self.record)
        folder.mkdir(parents=True, exist_ok=True)
        history.write(recorder.history(), folder / "history.parquet")
        write_text(folder / "generator.json", log.model_dump_json())


@contextmanager
def _reporting(
    to: Path | None, until_s: float, clock: Clock, dispatcher: Dispatcher, recorder: Recorder
) -> Iterator[None]:
    """Append a line of JSON to the file `to` four times a second, and once at the end."""
    if to is None:
        yield
        return

    def report() -> None:
        line = {"t": round(clock.now(), 3), "until": until_s, "in_flight": dispatcher.in_flight}
        line |= {"sent": dispatcher.due - dispatcher.dropped, "dropped": dispatcher.dropped}
        line |= {outcome.value: recorder.outcomes[outcome] for outcome in Outcome}
        lines.write(json.dumps(line) + "\n")

    def keep_reporting() -> None:
        while True:
            report()
            gevent.sleep(_PROGRESS_EVERY_S)

    with to.open("a", buffering=1) as lines:
        reporter = gevent.spawn(keep_reporting)
        try:
            yield
        finally:
            reporter.kill()
            report()
