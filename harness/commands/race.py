"""`dropday race`: interleavings, statement by statement."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from harness.options import ServersOption


def race(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One of those that --list shows.")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Play all of them.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Name them, and play nothing.")] = False,
    as_page: Annotated[bool, typer.Option("--markdown", help="As a page: docs/races.md.")] = False,
    servers: ServersOption = "embedded",
) -> None:
    """Play an interleaving of two or three shoppers, statement by statement, on real servers."""
    from harness import races

    if not listed:
        raise typer.Exit(races.play(name, every=every, as_page=as_page, servers=servers))
    console = Console()
    for known, title in races.known().items():
        console.print(f"{known:22} {title}", highlight=False, soft_wrap=True)
