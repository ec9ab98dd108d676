"""What is on the screen while a command works: progress over all steps, and a live line under it.

On a terminal a bar that moves; elsewhere (a CI log) a plain line when a step begins and when it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live as ScreenLive
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Live = Callable[[str], None]
"""Replaces the live line of a step."""


class Step(NamedTuple):
    """A part of a command's work that takes long enough to be shown."""

    title: str
    expected_s: float
    work: Callable[[Live], None]


class Display:
    """Steps weighted by the seconds they are expected to take, so that the bar moves at an even pace."""

    def __init__(self, console: Console, *, steps: int, expected_s: float) -> None:
        self.console = console
        self._steps = steps
        self._begun = 0
        self._bar = _Bar(expected_s)
        self._screen = ScreenLive(
            self._bar, console=console, refresh_per_second=5, transient=True, redirect_stderr=False
        )

    @classmethod
    def of(cls, steps: Sequence[Step], console: Console) -> Self:
        """A display with room for `steps`, which `play` then plays, all at once or part by part."""
        return cls(console, steps=len(steps), expected_s=sum(step.expected_s for step in steps))

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._screen.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.stop()

    def play(self, steps: Sequence[Step]) -> None:
        """Do the work of the steps, one after the other."""
        for step in steps:
            with self.step(step.title, expected_s=step.expected_s) as live:
                step.work(live)

    @contextmanager
    def step(self, title: str, *, expected_s: float) -> Iterator[Live]:
        """Show `title` while the block runs; the block gets a function that replaces the live line."""
        self._begun += 1
        heading = f"{self._begun}/{self._steps} {title}"
        if not self.console.is_terminal:
            self._print(f"[{heading}] ...")
        began = time.monotonic()
        self._bar.begin(heading, expected_s)
        yield self._bar.show
        ended = f"[{heading}] {time.monotonic() - began:.1f} s"
        self._print(f"{ended}: {self._bar.line}" if self._bar.line else ended)
        self._bar.end()

    def _print(self, line: str) -> None:
        """One line stays one line: a log is searched by lines, and a terminal wraps by itself."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def counted(console: Console, title: str, *, total: int) -> Iterator[Live]:
    """Show how many of `total` parts that take alike long are done, and when the last will be.

    The block calls what it gets after each part, with a line about it. Elsewhere than on a terminal every
    tenth of the parts is a line.
    """
    began = time.monotonic()
    done = 0
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", style="bold"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[line]}", style="cyan"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        speed_estimate_period=3600,
    )

    def tell(line: str) -> None:
        nonlocal done
        done += 1
        bar.update(task, completed=done, line=line)
        if not console.is_terminal and done * 10 // total > (done - 1) * 10 // total:
            took_s = time.monotonic() - began
            left = f", {took_s / done * (total - done):.0f} s left" if done < total else ""
            told = f"[{title}] {done} of {total} in {took_s:.1f} s{left}"
            console.print(told, markup=False, highlight=False, soft_wrap=True)

    task = bar.add_task(title, total=total, line="")
    with bar:
        yield tell


class _Bar:
    """One bar for all steps, and the live line. It moves with the time that the step under way has taken."""

    def __init__(self, expected_s: float) -> None:
        self.line = ""
        self._done_s = 0.0
        self._step_s = 0.0
        self._began = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(compact=True),
        )
        self._task = self._progress.add_task("", total=expected_s)

    def begin(self, heading: str, expected_s: float) -> None:
        self.line, self._step_s, self._began = "", expected_s, time.monotonic()
        self._progress.update(self._task, description=heading)

    def show(self, line: str) -> None:
        self.line = line

    def end(self) -> None:
        self._done_s += self._step_s
        self._step_s = 0.0

    def __rich__(self) -> RenderableType:
        spent_s = min(time.monotonic() - self._began, self._step_s)
        self._progress.update(self._task, completed=self._done_s + spent_s)
        line = Text(f"  {self.line}", style="cyan", no_wrap=True, overflow="ellipsis")
        return Group(self._progress.get_renderable(), line)
