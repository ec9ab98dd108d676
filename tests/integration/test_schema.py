"""The migrations build what the tables in code say."""

from __future__ import annotations

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from system.admin import queries as _every_table  # noqa: F401 - registers the tables
from system.orders import tables as _orders  # noqa: F401
from system.platform.database import create_engine
from system.platform.tables import metadata
from system.wallets import tables as _wallets  # noqa: F401
from tests.integration.shops import TestShop


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def _differences_in(database_url: str) -> list[object]:
    engine = create_engine(database_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_differences)
    finally:
        await engine.dispose()


def test_the_migrated_schema_is_the_one_in_code(shop: TestShop) -> None:
    assert asyncio.run(_differences_in(shop.database_url)) == []
