"""`dropday serve`: a shop to play with, or for Locust by itself."""

from __future__ import annotations

import json
import socket
import urllib.request

import pytest

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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--strategy", "no_lokc"), "error: no strategy 'no_lokc'; did you mean 'no_lock'?"),
        (("loadtest", "--strategies", "safest"), "error: no strategy 'safest'; did you mean 'safe'?"),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_the_nearest(
    desk: Desk, arguments: tuple[str, ...], message: str
) -> None:
    command = desk.run(*arguments)

    assert command.code() == 2
    assert message in command.output
    assert "Traceback" not in command.output


def test_a_taken_port_is_told_before_anything_starts(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = desk.run("serve", "--port", str(port))

    assert command.code() == 2
    assert f"error: port {port} on 127.0.0.1 is taken" in command.output
    assert "--port" in command.output


def test_external_servers_that_are_not_there_are_told(desk: Desk) -> None:
    desk.environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/dropday"
    desk.environment["REDIS_URL"] = "redis://127.0.0.1:1"

    command = desk.run("loadtest", "--servers", "external")

    assert command.code() == 2
    assert "error: PostgreSQL at postgresql://nobody@127.0.0.1:1/dropday cannot be used" in command.output
    assert not desk.latest.exists()
