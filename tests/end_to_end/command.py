"""`dropday` as a user runs it: its own process, in an empty folder, with a TMPDIR to be left empty."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import psutil

from tests.waiting import eventually

DROPDAY = Path(sysconfig.get_path("scripts"), "dropday")
WITHIN_S = 600  # then a command hangs; a load test took 141 s on a slow machine, and more than 180 on another

DROP = """
name = "small_drop"
summary = "A thousand come within a second for forty pairs."
max_lateness_p99_ms = 10_000

[arrivals]
shape = "constant"
per_s = 1500
duration_s = 0.7

[[products]]
id = "dunk"
name = "Dunk"
price_won = 100_000
sizes = [{ size = "270", units = 30 }, { size = "280", units = 10 }]
"""
LONG = DROP.replace("per_s = 1500", "per_s = 20").replace("duration_s = 0.7", "duration_s = 600")


def not_passed(run: Path) -> list[str]:
    """What junit.xml says of the cases that did not pass."""
    junit = ElementTree.parse(run / "junit.xml")  # noqa: S314 - our own file
    return [str(one.get("message")) for kind in ("failure", "error") for one in junit.iter(kind)]


@dataclass
class Desk:
    """Where a user sits: an empty folder to work in, and a TMPDIR that the servers use."""

    folder: Path
    temporary: Path
    environment: dict[str, str] = field(default_factory=dict)

    def scenario(self, text: str = DROP) -> str:
        """The path of a scenario file."""
        file = self.folder / "drop.toml"
        file.write_text(text)
        return str(file)

    @property
    def latest(self) -> Path:
        return (self.folder / "runs" / "latest").resolve()

    def start(self, *arguments: str) -> Command:
        output = (self.folder / "output").open("w+")
        process = psutil.Popen(
            [DROPDAY, *arguments],
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.temporary), **self.environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return Command(process, self, Path(output.name))

    def run(self, *arguments: str) -> Command:
        """Start a command, and wait for its end."""
        command = self.start(*arguments)
        command.code()
        return command

    def left(self) -> list[str]:
        """What is left in TMPDIR."""
        return [path.name for path in self.temporary.iterdir()]


@contextmanager
def a_desk() -> Iterator[Desk]:
    """Folders with short names, for sockets, that the user of PostgreSQL can enter."""
    folder = Path(tempfile.mkdtemp(prefix="e2e-", dir=os.environ.get("TMPDIR", "/var/tmp")))  # noqa: S108
    folder.chmod(0o755)
    desk = Desk(folder / "work", folder / "tmp")
    for place in (desk.folder, desk.temporary):
        place.mkdir()
        place.chmod(0o755)
    try:
        yield desk
    finally:
        shutil.rmtree(folder)


@dataclass
class Command:
    """A command that was started."""

    process: psutil.Popen
    desk: Desk
    log: Path
    family: list[psutil.Process] = field(default_factory=list)

    @property
    def output(self) -> str:
        return self.log.read_text()

    def code(self) -> int:
        """The exit code, once the command has ended."""
        return int(self.process.wait(WITHIN_S))

    def await_shoppers(self) -> None:
        """Wait until the crowd is being sent; whoever belongs to the command then is remembered."""
        assert eventually(lambda: self._sent() > 0 or not self.process.is_running()), self.output
        self.family = self.process.children(recursive=True)

    def _sent(self) -> int:
        lines = [file.read_text().splitlines() for file in self.desk.folder.glob("runs/*/*/*/progress.jsonl")]
        return int(json.loads(lines[0][-1])["sent"]) if lines and lines[0] else 0

    def member(self, name: str) -> psutil.Process:
        """The first process of the command whose command line has `name` in it."""
        return next(one for one in self.family if name in " ".join(one.cmdline()))

    def interrupt(self) -> None:
        """Ctrl-C at the terminal, which all processes of the foreground group get."""
        os.killpg(self.process.pid, signal.SIGINT)

    def survivors(self) -> list[psutil.Process]:
        """Who of the remembered processes still runs."""
        return [one for one in self.family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
