"""Shops that stay open from one test to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from tests.shops.served import ServedShop
from tests.shops.shop import TestShop

_MOST_OPEN_SHOPS = 2  # one after the other, as the tests of a worker are sorted; an idle consumer takes CPU

AnyShop = TypeVar("AnyShop", bound=TestShop)
ShopOf = Callable[[str], TestShop]
ServedShopOf = Callable[[str], ServedShop]
ShopSetUp = Callable[..., AbstractContextManager[TestShop]]


@contextmanager
def kept_open(opened: Callable[[str], AbstractContextManager[AnyShop]]) -> Iterator[Callable[[str], AnyShop]]:
    """The shop with a given strategy, emptied each time. The last few that were asked for stay open."""
    shops: dict[str, tuple[ExitStack, AnyShop]] = {}

    def shop_of(strategy: str) -> AnyShop:
        if strategy not in shops and len(shops) == _MOST_OPEN_SHOPS:
            shops.pop(next(iter(shops)))[0].close()
        if strategy not in shops:
            stack = ExitStack()
            shops[strategy] = (stack, stack.enter_context(opened(strategy)))
        shops[strategy] = shops.pop(strategy)  # now the one that was asked for last
        shop = shops[strategy][1]
        shop.reset()
        return shop

    try:
        yield shop_of
    finally:
        for stack, _ in shops.values():
            stack.close()
