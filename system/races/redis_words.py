"""The shop's Redis commands in a few words: which span each is, what it essentially does, and what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from system.platform.redis import FENCE, LOCK
from system.races.actor import Step

_SCRIPTS = {
    "return 'held'": "redis_hold",
    "redis.call('XADD', QUEUE, '*', 'order', order)": "redis_enqueue",
    "'HEXISTS', prefix .. hold, 'sold'": "redis_release",
    "return remember(unpack(ARGV))": "redis_confirm",
    "cjson.decode": "reconcile",
    "if redis.call('GET', lock) == ARGV[1]": "redis_unlock",
}
_KEYS_AT = 3  # EVALSHA sha number-of-keys key ... argument ...


def script_named(text: str) -> str:
    """The span whose script this is; empty if none."""
    return next((name for sign, name in _SCRIPTS.items() if sign in text), "")


def command_step(command: Sequence[Any]) -> Step | None:
    """How a plain command of the shop is told; None if it is not worth telling."""
    match command:
        case ["SET", str(lock), str(_), *_] if lock.startswith(LOCK):
            return Step(
                "redis_lock",
                f"SET lock:{lock.removeprefix(LOCK)} mine NX PX {command[command.index('PX') + 1]}",
            )
        case ["INCRBY" | "INCR", str(name), *_] if name == FENCE:
            return Step("redis_token", "INCR fence")
    return None


def script_step(name: str, command: Sequence[Any]) -> Step:
    """How the script of the span `name` is told."""
    keys = int(command[2])
    arguments = list(command[_KEYS_AT + keys :])
    match name:
        case "redis_hold":
            lines = ", ".join(f"{units} {sku}" for sku, units in _pairs(arguments[3:]))
            return Step(name, f"Lua: if there is enough, take and hold {lines}", looks=True)
        case "redis_enqueue":
            return Step(name, "Lua: keep the hold until it is decided; XADD queue")
        case "redis_release":
            return Step(name, "Lua: give back what the hold has, forget the hold")
        case "redis_confirm":
            return Step(name, "Lua: it is sold, forget the hold")
        case "reconcile":
            return Step(
                "reconcile_set", "Lua: stock as PostgreSQL has it, less the live holds it has not decided"
            )
        case "redis_unlock":
            locks = ", ".join(
                str(lock).removeprefix("dropday:") for lock in command[_KEYS_AT : _KEYS_AT + keys]
            )
            return Step(name, f"Lua: DEL {locks} if it is mine")
    return Step("", "")


def _pairs(items: Sequence[Any]) -> list[tuple[str, int]]:
    return [(str(sku), int(units)) for sku, units in zip(items[::2], items[1::2], strict=True)]
