"""What is on the screen while a command works: progress over all steps, and a live line under it.

On a terminal a bar that is redrawn; elsewhere (a CI log) a plain line when a step begins and when it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

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
        self._done_s = 0.0
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[step]}", style="bold"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[live]}", style="cyan"),
            console=console,
            refresh_per_second=5,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=expected_s, step="", live="")

    @classmethod
    def of(cls, steps: Sequence[Step], console: Console) -> Self:
        """A display with room for `steps`, which `play` then plays, all at once or part by part."""
        return cls(console, steps=len(steps), expected_s=sum(step.expected_s for step in steps))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

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
        began = time.monotonic()
        last = ""

        def live(text: str) -> None:
            nonlocal last
            last = text
            spent_s = min(time.monotonic() - began, expected_s)
            self._bar.update(self._task, completed=self._done_s + spent_s, live=text)

        self._bar.update(self._task, step=heading, live="")
        if not self.console.is_terminal:
            self._print(f"[{heading}] ...")
        yield live
        self._done_s += expected_s
        self._bar.update(self._task, completed=self._done_s)
        ended = f"[{heading}] {time.monotonic() - began:.1f} s"
        self._print(f"{ended}: {last}" if last else ended)

    def _print(self, line: str) -> None:
        """One line stays one line: a log is searched by lines, and a terminal wraps by itself."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
