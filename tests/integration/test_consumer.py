"""The consumer of a queued strategy: there beside the shop, watched, and done before the shop is."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.processes import ProcessDiedError
from harness.servers import Endpoints
from tests.shops import ServedShop, served_shop

ORDERS = 20


def accepted(shop: ServedShop) -> list[int]:
    """Queue some orders and wait for none of them."""
    return [shop.order(("dunk-270", 1), shopper=shopper).status_code for shopper in range(ORDERS)]


@pytest.mark.parametrize("strategy", ["redis_queue", "single_writer"])
def test_a_drain_leaves_no_order_undecided(strategy: str, endpoints: Endpoints, tmp_path: Path) -> None:
    with served_shop(strategy, endpoints, tmp_path / "shop.log") as shop:
        shop.reset({"270": ORDERS - 5})
        answers = accepted(shop)
        assert shop.system.consumer
        shop.system.drain()

        books = shop.books()
        assert set(answers) <= {202, 409}
        assert shop.system.consumer.popen.returncode == 0
        assert books.intake == ()
        assert len(books.orders) == ORDERS - 5
        assert [row.available for row in books.stock] == [0]
        assert {(row.status, row.code) for row in books.decisions} <= {(201, ""), (409, "sold_out")}
        assert len([row for row in books.decisions if row.status == 201]) == ORDERS - 5


def test_a_consumer_that_died_is_told_by_its_name(endpoints: Endpoints, tmp_path: Path) -> None:
    with served_shop("single_writer", endpoints, tmp_path / "shop.log") as shop:
        shop.system.check()
        assert shop.system.consumer
        shop.system.consumer.popen.kill()
        shop.system.consumer.popen.wait()

        with pytest.raises(ProcessDiedError, match=r"the consumer \(single_writer\) was killed by SIGKILL"):
            shop.system.check()

    assert (tmp_path / "shop-consumer.log").exists()


def test_a_strategy_that_queues_nothing_has_no_consumer(shop: ServedShop) -> None:
    assert shop.system.consumer is None
