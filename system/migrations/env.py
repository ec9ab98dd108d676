"""Alembic's entry: runs the migrations on the connection that `system.migrations.run` hands over."""

from __future__ import annotations

from alembic import context

from system.catalogue import tables as _catalogue  # noqa: F401 - registers its tables
from system.orders import tables as _orders  # noqa: F401
from system.platform.tables import metadata
from system.stock import tables as _stock  # noqa: F401
from system.wallets import tables as _wallets  # noqa: F401

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
