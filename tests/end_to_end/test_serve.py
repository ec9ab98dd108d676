"""`dropday serve`: a shop to play with, or for Locust by itself."""

from __future__ import annotations

import json
import urllib.request

from tests.end_to_end.command import Command, Desk
from tests.waiting import eventually


def serving(desk: Desk) -> Command:
    """A shop that is open."""
    command = desk.start("serve", "--strategy", "redis_hold", "--scenario", desk.scenario(), "--json")
    assert eventually(lambda: command.output.endswith("}\n") or not command.process.is_running())
    command.family = command.process.children(recursive=True)
    return command


def test_a_shop_is_served_until_it_is_stopped(desk: Desk) -> None:
    command = serving(desk)
    ready = json.loads(command.output)
    with urllib.request.urlopen(f"{ready['url']}/products/dunk") as answer:  # noqa: S310 - our own URL
        product = json.load(answer)
    assert [size["available"] for size in product["sizes"]] == [30, 10]
    assert ready["strategy"] == "redis_hold"
    assert len(ready["admin_key"]) >= 32

    command.process.terminate()
    assert command.code() == 0
    assert command.survivors() == []
    assert desk.left() == []


def test_a_system_that_was_killed_is_named_and_its_servers_are_stopped(desk: Desk) -> None:
    command = serving(desk)
    command.member("-m system").kill()

    assert command.code() == 3
    assert "error: the system (redis_hold) was killed by SIGKILL" in command.output
    assert "Traceback" not in command.output
    assert command.survivors() == []
    assert desk.left() == []
