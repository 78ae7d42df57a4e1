"""The SQLite database of a home: opened, migrated, written by one at a time, its errors told with a remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from creditline.errors import CreditlineError

HEAD = "0005"
"""Newest migration; a database that says so is opened without loading Alembic."""

WAIT_MS = 10_000
"""How long a writer waits for another to finish."""

_REMEDIES = {
    "SQLITE_FULL": "free space on this disk and run it again: nothing of the batch was kept",
    "SQLITE_IOERR": "check that the disk has free space and is healthy, then run it again",
    "SQLITE_BUSY": "another process is writing to this home: wait for it to finish and run it again",
    "SQLITE_LOCKED": "another process is writing to this home: wait for it to finish and run it again",
    "SQLITE_READONLY": "make the home writable for this user",
    "SQLITE_CANTOPEN": "check that the folder exists and is writable for this user",
    "SQLITE_NOTADB": "this file is no Creditline database: give another home, or restore it from a backup",
    "SQLITE_CORRUPT": "the database is damaged: restore it from a backup",
}


class StoreError(CreditlineError):
    """The database could not do what was asked; nothing of the transaction was kept."""


def connect(path: Path) -> sa.Engine:
    """An engine over the database file: WAL, synchronous FULL, foreign keys held."""
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": WAIT_MS / 1000})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # transactions are begun below, where it is known who writes
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -65536")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes its place before it reads, so that what it read still holds when it writes.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees one state of the database throughout."""
    with told(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """The one writer's transaction: committed as a whole, or rolled back and told as a CreditlineError."""
    with told(engine), engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def told(engine: sa.Engine) -> Iterator[None]:
    """Turn the database's own errors into ones that name the place, the value and the remedy."""
    try:
        yield
    except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
        cause = error.orig if isinstance(error, sa.exc.DatabaseError) else error
        name = getattr(cause, "sqlite_errorname", "")
        remedy = next((text for code, text in _REMEDIES.items() if name.startswith(code)), None)
        if remedy is None:
            raise
        raise StoreError(str(engine.url.database), str(cause), remedy, "stopped it") from error


def migrate(engine: sa.Engine) -> None:
    """Bring the database to the newest version; at once when it is there already."""
    with reading(engine) as connection:
        version = _version(connection)
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        place, remedy = str(engine.url.database), f"install it again: this Creditline knows versions up to {HEAD}"
        raise StoreError(place, version, remedy, "was made by a newer Creditline")
    with writing(engine) as connection:
        _upgrade(connection)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: sa.Connection) -> None:
    # Loaded only when needed: most openings find the database current.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
