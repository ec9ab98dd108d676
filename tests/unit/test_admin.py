"""The operator's use cases that need no server."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from pydantic import SecretStr

from system.admin.service import Admin, Seed
from system.errors import Forbidden
from system.settings import Settings

NOTHING = cast("Any", None)  # what must not be reached


def in_production() -> Admin:
    secret = SecretStr("x" * 32)
    settings = Settings(
        environment="production",
        database_url="postgresql://nowhere/x",
        redis_url="redis://nowhere",
        jwt_secret=secret,
        admin_key=secret,
    )
    return Admin(NOTHING, NOTHING, settings, NOTHING, NOTHING, NOTHING)


def test_a_shop_in_production_cannot_be_reset() -> None:
    size = {"size": "270", "units": 1}
    product = {"id": "dunk", "name": "Dunk", "price_won": 1, "sizes": [size]}
    seed = Seed.model_validate({"products": [product], "shoppers": 1, "balance_won": 0})

    with pytest.raises(Forbidden, match="switched off in production"):
        asyncio.run(in_production().reset(seed))


def test_nothing_is_withdrawn_from_a_shop_in_production() -> None:
    with pytest.raises(Forbidden, match="switched off in production"):
        asyncio.run(in_production().withdraw("dunk", 10))
