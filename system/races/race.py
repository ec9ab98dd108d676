"""What a race is: a script that is played with one strategy after the other."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from system.races.verdict import Kind
from system.stock.board import Board
from system.stock.port import Strategy
from system.stock.strategies import STRATEGIES
from system.workers.writer import Writer

if TYPE_CHECKING:
    from system.races.stage import Stage

Script = Callable[["Stage"], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """A script played once.

    `axes`: settings that differ from the defaults. `ends`: what goes wrong, nothing if empty; anything else
    is a failure. `why`: the reason, in a sentence. `board`, `writer`, `checks_carts`: parts of the shop that
    a wrong way replaces. `others`: what B uses, where it does not do as A does.
    """

    strategy: type[Strategy]
    ends: frozenset[Kind]
    why: str
    axes: Mapping[str, object] = field(default_factory=dict)
    board: type[Board] = Board
    writer: type[Writer] = Writer
    checks_carts: bool = True
    others: type[Strategy] | None = None

    @property
    def end(self) -> str:
        """How it has to end, in a word or two."""
        return ", ".join(sorted(self.ends)) or "right"

    @property
    def title(self) -> str:
        """The strategy, and what is not as the shop has it."""
        ours = self.strategy.name in STRATEGIES
        parts = [self.strategy.name if ours else f"{self.strategy.name} (no strategy of the shop)"]
        parts += [f"{name}={_shown(value)}" for name, value in self.axes.items()]
        parts += [_in_words(part) for part in (self.board, self.writer) if part not in (Board, Writer)]
        if not self.checks_carts:
            parts.append("carts are not checked")
        if self.others:
            parts.append(f"but B uses {self.others.name}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Race:
    """A named interleaving.

    `about`: what the danger is. `units`: of each size of the one product, `dunk`, that are on sale.
    `one_worker`: the shoppers share the connections of one worker, instead of each having one of its own.
    """

    name: str
    title: str
    about: str
    script: Script
    scenes: tuple[Scene, ...]
    units: Mapping[str, int] = field(default_factory=lambda: {"270": 1})
    one_worker: bool = False


def wrong(strategy: type[Strategy], *ends: Kind, why: str, **axes: object) -> Scene:
    """A scene that goes wrong in the ways of `ends`."""
    return Scene(strategy, frozenset(ends), why, axes)


def right(strategy: type[Strategy], *, why: str, **axes: object) -> Scene:
    """A scene that ends well."""
    return Scene(strategy, frozenset(), why, axes)


def _in_words(part: type) -> str:
    """`FlagForEver` as `flag_for_ever`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", part.__name__).lower()


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
