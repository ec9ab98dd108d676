"""What happened in a race, line by line: who, at which step, in which words, and what was seen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 110
_STEP_WIDTH = 15
_TEXT_WIDTH = 61
_BREAKS = ("; ", " WHERE ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `who` is empty where something happens by itself; `waiting`: others who wait meanwhile."""

    who: str
    step: str
    text: str
    seen: str
    waiting: frozenset[str]


class Timeline:
    """Lines in the order in which they happened, and who waits."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.waiting: set[str] = set()

    def add(self, who: str, step: str, text: str, seen: str = "") -> None:
        """`who` did `text` as part of `step`, and saw `seen`."""
        self.lines.append(Line(who, step, text, seen, frozenset(self.waiting - {who})))

    def text(self, actors: Sequence[str]) -> Iterator[str]:
        """The lines as they are printed: a column for each actor's name, `:` in it while it waits."""
        for line in self.lines:
            marks = "  ".join(_mark(actor, line) for actor in actors)
            blank = "".join(mark if mark == ":" else " " for mark in marks)
            for i, content in enumerate(_content(line, WIDTH - len(marks) - 2)):
                yield f"{blank if i else marks}  {content}".rstrip()


def remarks(margin: str, heading: str, texts: Sequence[str]) -> Iterator[str]:
    """Lines in which nobody acts, the first under `heading`."""
    for text in texts:
        for line in _wrap(text, WIDTH - len(margin) - 2 - _STEP_WIDTH, indent=""):
            yield f"{margin}  {heading:{_STEP_WIDTH}}{line}"
            heading = ""


def _mark(actor: str, line: Line) -> str:
    if actor == line.who:
        return actor
    return (":" if actor in line.waiting else " ").ljust(len(actor))


def _content(line: Line, width: int) -> Iterator[str]:
    """What is beside the marks, in as many lines as it takes."""
    if not line.who:
        yield from _wrap(f"-- {line.text}", width, indent="   ")
        return
    texts = list(_statement(line.text))
    seen = _wrap(line.seen, width - _STEP_WIDTH - _TEXT_WIDTH - 2, indent="  ")
    steps = [line.step]
    for i in range(max(len(texts), len(seen), 1)):
        step, text, saw = (part[i] if i < len(part) else "" for part in (steps, texts, seen))
        yield f"{step:{_STEP_WIDTH}}{text:{_TEXT_WIDTH}}  {saw}"


def _statement(text: str, breaks: Sequence[str] = _BREAKS, indent: str = "") -> Iterator[str]:
    """SQL in one line if it fits, else in lines that begin where one would begin them by hand."""
    if len(indent + text) <= _TEXT_WIDTH:
        yield indent + text
    elif not breaks:
        yield from _wrap(indent + text, _TEXT_WIDTH, indent=f"{indent}  ")
    else:
        first, *rest = text.split(breaks[0], -1 if breaks[0] == _BREAKS[0] else 1)
        yield from _statement(first, breaks[1:], indent)
        for part in rest:
            word = breaks[0].lstrip(" ;")
            yield from _statement(word + part, breaks[1:], f"{indent}  " if word else indent)


def _wrap(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
