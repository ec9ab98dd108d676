"""Shops for the tests, each on a database of its own: in the test's process, or served by processes."""

from tests.shops.databases import empty_database, new_database
from tests.shops.in_process import shop_in_process
from tests.shops.kept_open import ServedShopOf, ShopOf, ShopSetUp, kept_open
from tests.shops.served import ServedShop, served_shop
from tests.shops.shop import PRICE_WON, SMALL, TestShop, until

__all__ = [
    "PRICE_WON",
    "SMALL",
    "ServedShop",
    "ServedShopOf",
    "ShopOf",
    "ShopSetUp",
    "TestShop",
    "empty_database",
    "kept_open",
    "new_database",
    "served_shop",
    "shop_in_process",
    "until",
]
