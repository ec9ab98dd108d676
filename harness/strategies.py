"""The strategies there are, as the system lists them, and what `--strategies` picks from them.

The harness never imports the system: it asks it, `python -m system strategies`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from pydantic import TypeAdapter, ValidationError

from harness.errors import UsageError
from reports.experiment import StrategyUnderTest
from scenarios.complaints import nearest

_LISTED = TypeAdapter(dict[str, dict[str, object]])


@cache
def known() -> tuple[StrategyUnderTest, ...]:
    """All strategies, in the order of the system's own list; asked once.

    Raises:
        UsageError: the system cannot be started, or lists something else.
    """
    command = [sys.executable, "-m", "system", "strategies"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    try:
        listed = _LISTED.validate_json(answer.stdout)
        return tuple(
            StrategyUnderTest.model_validate({"name": name, **facts}) for name, facts in listed.items()
        )
    except ValidationError as error:
        said = answer.stderr.strip() or answer.stdout.strip()
        raise UsageError(f"`{' '.join(command)}` did not list the strategies; it said:\n{said}") from error


_GROUPS: dict[str, Callable[[StrategyUnderTest], bool]] = {
    "all": lambda _: True,
    "safe": lambda strategy: strategy.safe,
    "controls": lambda strategy: not strategy.safe,
    "redis": lambda strategy: strategy.redis != "none",
    "queued": lambda strategy: strategy.ack == "queued",
}


def choose(text: str, among: Sequence[StrategyUnderTest]) -> tuple[StrategyUnderTest, ...]:
    """The strategies that `text` names: groups and names with commas between; each once, in that order.

    The groups are `all`, `safe`, `controls`, `redis` (those that need it) and `queued`.

    Raises:
        UsageError: a name is unknown, or none is given, or a group has nobody in it.
    """
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    if not wanted:
        raise UsageError(f"--strategies {text!r} names none; expected {', '.join(_GROUPS)}, or some names")
    chosen = dict.fromkeys(strategy for name in wanted for strategy in _meant(name, among))
    if not chosen:
        raise UsageError(f"--strategies {text!r}: there is no such strategy")
    return tuple(chosen)


def _meant(name: str, among: Sequence[StrategyUnderTest]) -> tuple[StrategyUnderTest, ...]:
    if name in _GROUPS:
        return tuple(filter(_GROUPS[name], among))
    return (named(name, among, or_one_of=_GROUPS),)


def named(
    name: str, among: Sequence[StrategyUnderTest], *, or_one_of: Iterable[str] = ()
) -> StrategyUnderTest:
    """The strategy called `name`.

    Args:
        or_one_of: what else could have been meant.

    Raises:
        UsageError: there is none; the text names the nearest.
    """
    by_name = {strategy.name: strategy for strategy in among}
    if name not in by_name:
        there = [*or_one_of, *by_name]
        hint = nearest(name, there)
        raise UsageError(f"no strategy {name!r}{hint or ';'} expected one of {', '.join(there)}")
    return by_name[name]
