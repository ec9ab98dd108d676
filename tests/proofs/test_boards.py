"""A buyer is never told "sold out" for the order that is theirs, by whichever worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.axes import Axes
from harness.servers import Endpoints
from tests.shops import SMALL, ServedShop, served_shop
from tests.shops.workers import copies, until_every_board_shows
from tests.strategies import SAFE


@pytest.fixture(params=SAFE)
def shop(request: pytest.FixtureRequest, endpoints: Endpoints, tmp_path: Path) -> Iterator[ServedShop]:
    """Two workers, each with a board of its own; one unit."""
    axes = Axes.model_validate({**SMALL.given, "workers": 2})
    with served_shop(request.param, endpoints, tmp_path / "shop.log", axes) as shop:
        shop.reset({"270": 1})
        yield shop


def bought_by(shop: ServedShop, shopper: int) -> bytes:
    """The answer to whom the last unit is sold."""
    bought = shop.buy(("dunk-270", 1), shopper=shopper, key="mine")
    assert bought.json()["state"] == "paid"
    return bought.content


def test_who_bought_after_a_restock_or_a_reset_gets_their_answer_from_every_worker(shop: ServedShop) -> None:
    tokens = shop.tokens(20)
    bought_by(shop, 0)
    until_every_board_shows(shop, tokens[19], "dunk-270")

    shop.restock("dunk-270", 1).raise_for_status()
    after_the_restock = bought_by(shop, 1)
    at_once = copies(shop, tokens[1], "mine", "dunk-270")
    until_every_board_shows(shop, tokens[19], "dunk-270")
    later = copies(shop, tokens[1], "mine", "dunk-270")

    shop.reset({"270": 1})
    after_the_reset = bought_by(shop, 2)
    again_at_once = copies(shop, tokens[2], "mine", "dunk-270")

    for answer, replies in (
        (after_the_restock, at_once),
        (after_the_restock, later),
        (after_the_reset, again_at_once),
    ):
        assert {(reply.status, reply.replayed, reply.body) for reply in replies} == {(201, True, answer)}
