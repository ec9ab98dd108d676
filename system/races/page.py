"""All races as a page of Markdown: `docs/races.md`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from system.races.play import Played
from system.races.race import Race

_WIDTH = 112
_HEAD = """\
# Races

Each race is one interleaving of two or three shoppers, played step by step on a real PostgreSQL and Redis:
first with what goes wrong, then, move for move, with what does not. Play one yourself:

```sh
dropday race lost_update    # --list names all; --all plays all
```

The shop is the real one: strategies, unit of work, SQL, scripts, from the request's bytes to the answer.
Only its connections are watched: before and after each statement a shopper can be told to stop and another
to go on. So every run gives the same lines. `make races` makes this page; a test compares it with a new run.

How to read it: a column for each shopper (A, B, C) or consumer (W, X), with a `:` in it while it waits for
somebody, as `pg_blocking_pids` says. Then the step (the names are those of `Server-Timing`), its essential
SQL or command, and what it saw. After `--` is what nobody does: time that passes, a server that dies.
Nothing sleeps: where time passes, the deadlines of leases and holds are moved into the past. At the end are
the books, in which orders are counted and no counter is believed. Every order is sent to the database alone
(`pipeline=1`; the shop may send some in one message), and a statement that is a transaction of its own is
stopped before its commit by putting BEGIN and COMMIT around it, which changes nothing for it.
"""
_LATER = """\
## Not here yet

Cards of the reference that need what the shop does not have come with it: discounts, and coupons marked in
Redis (2, 7), a broker send inside the transaction (4), two approvals of one card payment (15), ranking by
units and by the hour that has just begun (17). `snapshot` loses updates on MySQL, which is no server of
ours.
"""


def page(races: Sequence[tuple[Race, Sequence[Played]]]) -> Iterator[str]:
    """The page, piece by piece."""
    yield _HEAD
    yield "| race | what happens | wrong with | right with |\n| --- | --- | --- | --- |"
    for race, scenes in races:
        bad = "; ".join(dict.fromkeys(_short(one) for one in scenes if one.findings)) or "-"
        good = "; ".join(dict.fromkeys(_short(one) for one in scenes if not one.findings))
        yield f"| [{race.name}](#{race.name}) | {race.title} | {bad} | {good} |"
    yield ""
    for race, scenes in races:
        yield f"## {race.name}\n"
        yield introduction(race)
        for one in scenes:
            yield "\n".join(["```text", *one.lines(), "```\n"])
    yield _LATER.rstrip()


def introduction(race: Race) -> str:
    """What happens in `race`, and what the danger is; ends with an empty line."""
    return textwrap.fill(f"{race.title[0].upper()}{race.title[1:]}. {race.about}", _WIDTH) + "\n"


def _short(one: Played) -> str:
    return one.scene.title.replace(" (no strategy of the shop)", "")
