"""Bring a database's schema up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from system.platform.database import create_engine

_TAKE_TURNS = "SELECT pg_advisory_xact_lock(7231, 44)"  # two processes that migrate at once


async def migrate(database_url: str) -> None:
    """Apply every migration that the database has not seen, in one transaction."""
    engine = create_engine(database_url, pool_size=1)
    try:
        async with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
            await connection.execute(text(_TAKE_TURNS))
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def config(connection: Connection) -> Config:
    """Alembic's configuration for this package, bound to `connection`."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent))
    alembic.attributes["connection"] = connection
    return alembic


def _upgrade(connection: Connection) -> None:
    command.upgrade(config(connection), "head")
