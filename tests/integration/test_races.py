"""Races on demand, on real servers: the commands that play them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.servers import Endpoints
from tests.races import PAGE, play, race_servers, run

DROPDAY = Path(sys.executable).with_name("dropday")


@pytest.fixture(scope="module")
def servers(endpoints: Endpoints) -> dict[str, str]:
    return race_servers(endpoints, "races")


def dropday(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run(DROPDAY, *arguments, environment={})


def test_a_race_is_the_same_whatever_the_shell_says_of_the_shop(servers: dict[str, str]) -> None:
    of_the_shell = {"DROPDAY_POOL_SIZE": "1", "DROPDAY_SORT_CARTS": "false", "DROPDAY_TRIES": "1"}

    assert play(servers, "lost_update").stdout == play(servers, "lost_update", **of_the_shell).stdout


def test_a_race_on_servers_that_are_not_there_cannot_be_played(servers: dict[str, str]) -> None:
    played = play(servers, "lost_update", DROPDAY_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert played.returncode == 3


def test_the_command_plays_a_race_on_servers_of_its_own() -> None:
    played = dropday("race", "lost_update")

    assert (played.returncode, played.stderr) == (0, "")
    assert "conditional_update ---" in played.stdout
    assert played.stdout.strip() in _without_fences(PAGE.read_text())


def _without_fences(page: str) -> str:
    return page.replace("```text\n", "").replace("```\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lost_updat"], "error: no race 'lost_updat'; did you mean 'lost_update'? --list shows all"),
        ([], "error: name one race, or give --all; --list shows their names"),
        (["lost_update", "--all"], "error: name one race, or give --all"),
    ],
)
def test_the_command_says_what_is_wrong_before_it_starts_anything(arguments: list[str], message: str) -> None:
    said = dropday("race", *arguments)

    assert said.returncode == 2
    assert said.stderr.startswith(message)


def test_the_command_lists_every_race_that_the_page_has() -> None:
    listed = dropday("race", "--list").stdout

    headings = [line[3:] for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    assert [*(line.split()[0] for line in listed.splitlines()), "Not here yet"] == headings
