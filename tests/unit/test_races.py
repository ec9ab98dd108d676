"""Races without a server: what is judged, how it is told, and that none is forgotten."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from system.races.actor import Actor, Held
from system.races.library import RACES
from system.races.page import page
from system.races.play import Played
from system.races.race import Scene, right, wrong
from system.races.sql_words import literal
from system.races.timeline import WIDTH, Timeline
from system.races.verdict import Books, Buying, Kind, Level, judge
from system.stock.strategies import STRATEGIES
from system.stock.strategies.conditional_update import ConditionalUpdate

SCENES = [scene for race in RACES.values() for scene in race.scenes]
GOOD = Books((Level("dunk-270", stock=2, sold=1, counter=1, redis=1),), {(0, "cart"): 1}, {0: 0, 1: 0})


class NobodyWaits:
    """Locks of a database that is not there."""

    def __init__(self) -> None:
        self.leases: dict[str, str] = {}

    async def held_up(self, _: int) -> Held | None:
        return None

    async def until_quiet(self, _: set[int]) -> None:
        return


def bought(answer: str | None, *, shopper: int = 0, units: int = 1) -> Buying:
    async def nothing() -> str:
        return ""

    actor = Actor("AB"[shopper], nothing, Timeline(), NobodyWaits())
    actor.answer = answer
    return Buying(actor, shopper, "cart", (("dunk-270", units),))


def level(sold: int = 1, counter: int = 1, redis: int = 1) -> Books:
    return replace(GOOD, levels=(Level("dunk-270", stock=2, sold=sold, counter=counter, redis=redis),))


def kinds(books: Books, *buyings: Buying) -> list[Kind]:
    return [finding.kind for finding in judge(books, buyings or [bought("201 paid")])]


def test_good_books_have_no_findings() -> None:
    assert kinds(GOOD) == []


@pytest.mark.parametrize(
    ("books", "found"),
    [
        (level(sold=3, counter=-1, redis=0), Kind.OVERSOLD),
        (level(sold=3, counter=0, redis=0), Kind.OVERSOLD),
        (level(counter=0), Kind.DRIFT),
        (level(redis=2), Kind.DRIFT),
        (replace(GOOD, orders={}), Kind.LOST),
        (replace(GOOD, orders={(0, "cart"): 2}), Kind.TWICE),
        (replace(GOOD, overpaid_won={0: 100_000}), Kind.MONEY),
        (replace(GOOD, overpaid_won={0: -100_000}), Kind.MONEY),
    ],
)
def test_books_that_are_wrong_in_one_way_are_found_to_be_wrong_in_that_way(books: Books, found: Kind) -> None:
    assert kinds(books) == [found]


def test_a_counter_that_hides_an_oversell_is_said_to() -> None:
    [hidden] = judge(level(sold=3, counter=0, redis=0), [bought("201 paid")])
    [shown] = judge(level(sold=3, counter=-1, redis=0), [bought("201 paid")])

    assert "The counter does not show it." in hidden.text
    assert "counter" not in shown.text


@pytest.mark.parametrize(
    ("answer", "units", "found"),
    [
        ("409 sold_out", 1, [Kind.REFUSED]),
        ("409 conflict", 1, [Kind.REFUSED]),
        ("409 sold_out", 2, []),  # one is left, and two were asked for
        ("402 insufficient_funds", 1, []),
        ("503 unavailable", 1, [Kind.ERROR]),
        (None, 1, []),
    ],
)
def test_a_shopper_is_refused_wrongly_where_the_cart_could_still_be_had(
    answer: str | None, units: int, found: list[Kind]
) -> None:
    assert kinds(GOOD, bought("201 paid"), bought(answer, shopper=1, units=units)) == found


def played(scene: Scene, books: Books) -> Played:
    timeline = Timeline()
    timeline.add("A", "read_stock", "SELECT available FROM stock WHERE sku = 'dunk-270'", "1")
    timeline.waiting.add("B")
    timeline.add(
        "A", "place_order", "INSERT order; UPDATE stock SET available = 0 WHERE sku = 'dunk-270'", "done"
    )
    timeline.add("", "", "time passes")
    return Played(scene, timeline, ("A", "B"), books, tuple(judge(books, [bought("201 paid")])))


def test_a_scene_that_does_not_end_as_it_should_says_so() -> None:
    oversold = level(sold=3, counter=-1, redis=0)

    assert played(right(ConditionalUpdate, why=""), GOOD).as_expected
    assert played(wrong(ConditionalUpdate, Kind.OVERSOLD, why=""), oversold).as_expected
    unexpected = played(right(ConditionalUpdate, why="Because."), oversold)
    assert not unexpected.as_expected
    assert list(unexpected.lines())[-1].split() == ["UNEXPECTED", "it", "was", "to", "end:", "right"]


def test_a_timeline_has_a_column_for_each_and_a_mark_for_who_waits() -> None:
    lines = list(played(right(ConditionalUpdate, why="Because."), GOOD).lines())

    assert [line[:6] for line in lines[1:5]] == ["A     ", "A  :  ", "   :  ", "   :  "]
    assert lines[0].endswith("- right")
    assert len(lines[0]) == WIDTH
    assert [line.split()[0] for line in lines[1:3]] == ["A", "A"]
    assert "-- time passes" in lines[4]
    assert lines[-1].split() == ["because", "Because."]


def test_a_statement_is_told_with_its_arguments_in_their_places() -> None:
    assert literal("SELECT $2\n  WHERE sku = $1", ("dunk-270", 10)) == "SELECT 10 WHERE sku = 'dunk-270'"


def test_every_strategy_is_in_a_race() -> None:
    assert {scene.strategy.name for scene in SCENES} >= set(STRATEGIES)


def test_every_control_oversells_in_a_race_and_what_is_safe_only_where_it_is_used_wrongly() -> None:
    oversold = [
        scene for scene in SCENES if Kind.OVERSOLD in scene.ends and scene.strategy.name in STRATEGIES
    ]
    controls = {name for name, strategy in STRATEGIES.items() if not strategy.safe}

    assert {scene.strategy.name for scene in oversold} >= controls
    assert all(scene.axes or scene.others for scene in oversold if scene.strategy.safe)


def test_every_race_ends_with_a_scene_that_goes_right() -> None:
    assert all(not race.scenes[-1].ends for race in RACES.values())


def test_no_wrong_way_can_be_chosen_as_a_strategy() -> None:
    modules = {scene.strategy.__module__ for scene in SCENES if scene.strategy.name not in STRATEGIES}

    assert modules == {"system.races.wrong.in_redis", "system.races.wrong.in_postgres"}


def test_each_card_of_the_reference_has_a_race_or_is_named_as_one_to_come() -> None:
    shown = {int(card) for race in RACES.values() for card in re.findall(r"Card (\d+)", race.about)}
    *_, later = page([])
    to_come = {int(card) for group in re.findall(r"\(([\d, ]+)\)", later) for card in group.split(", ")}

    assert shown | to_come == set(range(1, 19))
    assert not shown & to_come
