"""Run by Alembic: works on the connection the caller opened, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from creditline.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
