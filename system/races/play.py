"""Plays a race, scene by scene, and says how each ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from system.races.race import Race, Scene
from system.races.stage import Servers, Stage
from system.races.timeline import WIDTH, Timeline, remarks
from system.races.verdict import Books, Finding, judge, read_books
from system.stock.port import RedisRole

_AT_MOST_S = 30  # a scene takes a fraction of a second; one that hangs says so


@dataclass(frozen=True, slots=True)
class Played:
    """A scene that was played."""

    scene: Scene
    timeline: Timeline
    actors: tuple[str, ...]
    books: Books
    findings: tuple[Finding, ...]

    @property
    def as_expected(self) -> bool:
        return {finding.kind for finding in self.findings} == self.scene.ends

    @property
    def verdict(self) -> str:
        """In a word or two, what came of it."""
        return ", ".join(dict.fromkeys(finding.kind for finding in self.findings)) or "right"

    def lines(self) -> Iterator[str]:
        """The scene as it is printed."""
        yield f"{self.scene.title} ".ljust(WIDTH - len(self.verdict) - 1, "-") + f" {self.verdict}"
        yield from self.timeline.text(self.actors)
        margin = " " * len("  ".join(self.actors))
        closing = {
            "books": [str(level) for level in self.books.levels],
            "wrong": [finding.text for finding in self.findings],
            "because": [self.scene.why],
            "UNEXPECTED": [] if self.as_expected else [f"it was to end: {self.scene.end}"],
        }
        for heading, texts in closing.items():
            yield from remarks(margin, heading, texts)


async def play(race: Race, scene: Scene, servers: Servers) -> Played:
    """Play one scene of `race` on `servers`, which are emptied first."""
    async with asyncio.timeout(_AT_MOST_S), AsyncExitStack() as at_the_end:
        stage = Stage(race, scene, servers, at_the_end)
        await stage.open()
        await race.script(stage)
        await stage.close()
        in_redis = scene.strategy.redis is RedisRole.STOCK
        books = await read_books(servers.database, servers.redis, in_redis=in_redis)
    return Played(
        scene,
        stage.timeline,
        tuple(actor.name for actor in stage.actors),
        books,
        tuple(judge(books, stage.buyings)),
    )
