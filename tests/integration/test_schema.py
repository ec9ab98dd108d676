"""The migrations build what the tables in code say."""

from __future__ import annotations

import asyncio

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from harness.servers import Endpoints
from harness.shop import migrate
from system.admin import queries as _every_table  # noqa: F401 - registers the tables
from system.migrations.run import config
from system.orders import tables as _orders  # noqa: F401
from system.platform.database import create_engine
from system.platform.tables import metadata
from system.wallets import tables as _wallets  # noqa: F401
from tests.shops import empty_database, new_database


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def _differences_in(database_url: str) -> list[object]:
    engine = create_engine(database_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_differences)
    finally:
        await engine.dispose()


def _taken_back(connection: Connection) -> None:
    command.downgrade(config(connection), "base")
    command.upgrade(config(connection), "head")


async def _take_back(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_taken_back)
    finally:
        await engine.dispose()


def test_every_migration_can_be_taken_back_and_made_again(endpoints: Endpoints) -> None:
    database_url = empty_database(endpoints.database_url, "taken_back")
    migrate(database_url)

    asyncio.run(_take_back(database_url))

    assert asyncio.run(_differences_in(database_url)) == []


def test_the_migrated_schema_is_the_one_in_code(endpoints: Endpoints) -> None:
    assert asyncio.run(_differences_in(new_database(endpoints.database_url))) == []
