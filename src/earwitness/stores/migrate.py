"""Brings a database to the schema of this program, or refuses."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, inspect, text

from earwitness.errors import StoreError
from earwitness.stores.database import Database
from earwitness.stores.tables import SCHEMA

MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x45617277  # one number that every Earwitness agrees on
_alembic = Lock()  # its context is one per process


def migrate(database: Database) -> None:
    """One transaction under one lock, so any number of processes may start at once."""
    with database.read() as connection:
        if _version(connection) == SCHEMA:
            return
    with _alembic, database.write() as connection:
        _lock(connection)
        version = _version(connection)
        if version != SCHEMA:
            _upgrade(connection, version, database.name)


def _lock(connection: Connection) -> None:
    """SQLite holds its one write lock since BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: Connection, version: str | None, name: str) -> None:
    """Imports Alembic here: a store that is up to date need not wait for it."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"{name}: written by a newer Earwitness (schema {version}; this one knows {SCHEMA})."
            " Install the newer version."
        )
    command.upgrade(config, "head")
