"""Every race on real servers ends as it should, and the page of them is what they print."""

from __future__ import annotations

from harness.servers import Endpoints
from tests.races import PAGE, play, race_servers


def test_every_race_ends_as_it_should_and_the_page_shows_it_word_for_word(endpoints: Endpoints) -> None:
    played = play(race_servers(endpoints, "all_races"), "--markdown")

    assert (played.returncode, played.stderr) == (0, "")
    assert played.stdout == PAGE.read_text(), "make races writes the page anew"
