"""The load generator: Locust in a process of its own, on its own core, followed while it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from harness.processes import Child, running
from harness.rehearsal import Rehearsal
from harness.shop import Shop
from scenarios import history
from scenarios.conditions import GeneratorLog
from scenarios.endings import SENT_TO_THE_LAST

LOCUSTFILE = Path(__file__).parents[1] / "locustfile.py"


@dataclass(frozen=True)
class Generator:
    """A load generator at work. Its record is there once its process has ended well."""

    process: Child
    folder: Path

    def now_s(self) -> float:
        """Seconds since the run began, as of the generator's last word; negative before it begins."""
        return float(self._last_word().get("t", -1.0))

    def progress(self) -> str:
        """How far the run is, in one line; empty before it begins."""
        now = self._last_word()
        if not now:
            return ""
        counts = ("sent", "bought", "sold_out", "in_flight")
        told = [f"{count.replace('_', ' ')} {now[count]:,}" for count in counts]
        return " · ".join([f"{min(max(now['t'], 0), now['until']):.1f} of {now['until']:g} s", *told])

    def _last_word(self) -> dict[str, Any]:
        path = self.folder / _PROGRESS
        lines = path.read_text().splitlines() if path.exists() else []
        return dict(json.loads(lines[-1])) if lines else {}

    def await_record(self, *, within_s: float) -> None:
        """Wait until everybody was sent, be it late or to a shop that answered nobody: the record tells that.

        Raises:
            RunError: it ended otherwise, or not in time.
        """
        self.process.await_end(within_s=within_s, accepted=SENT_TO_THE_LAST)

    def record(self) -> tuple[pl.DataFrame, GeneratorLog]:
        """What it saw of every attempt, and how well it kept its schedule."""
        log = GeneratorLog.model_validate_json((self.folder / _LOG).read_text())
        return history.read(self.folder / _HISTORY), log


_PROGRESS, _LOG, _HISTORY = "progress.jsonl", "generator.json", "history.parquet"


@contextmanager
def sending(shop: Shop, rehearsal: Rehearsal, *, folder: Path, cores: Sequence[int]) -> Iterator[Generator]:
    """Send the crowd of a rehearsal to a shop that is stocked for it; the generator ends by itself.

    Args:
        folder: for its record, its log and its progress.
    """
    folder = folder.resolve()
    command = [
        *(sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--only-summary"),
        *("--host", shop.url, "--strategy", shop.strategy.name, "--no-reset"),
        *("--scenario", _from_anywhere(rehearsal.source), "--time-scale", repr(rehearsal.time_scale)),
        *("--crowd", repr(rehearsal.crowd), "--seed", str(rehearsal.seed)),
        *("--record", str(folder), "--progress", str(folder / _PROGRESS)),
    ]
    # Locust reads settings of its own from its folder and from HOME. Those of another project would creep in.
    environment = {"DROPDAY_ADMIN_KEY": shop.admin_key, "HOME": str(folder)}
    with running(
        "the load generator",
        command,
        log=folder / "generator.log",
        cores=cores,
        environment=environment,
        folder=folder,
    ) as process:
        yield Generator(process, folder)


def _from_anywhere(source: str) -> str:
    """The same scenario in another working folder: of a file its whole path, of the library its name."""
    return str(Path(source).resolve()) if source.endswith(".toml") else source
