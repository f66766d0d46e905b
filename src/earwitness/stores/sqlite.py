"""SQLite: one file, private to its owner, every commit on disk before it returns."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL

from earwitness.errors import StoreError
from earwitness.stores.database import Database

BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it gives up."""

_TRY_AGAIN_SECONDS = 0.01
_OLDEST = (3, 35, 0)  # UPSERT with several clauses, RETURNING

_creating = threading.Lock()


def open_sqlite(url: URL) -> Database:
    """Opens or creates the file that the URL names.

    Raises StoreError where it cannot be opened, is no database, or lies on a file
    system that has no write-ahead log.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreError(f"SQLite 3.35 or newer is needed; this is {sqlite3.sqlite_version}.")
    path = _path(url)
    _create_private(path)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return Database(engine, str(path))


def _path(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.query:
        raise StoreError("A SQLite store needs a plain file: sqlite:///PATH.")
    return Path(url.database).expanduser().absolute()


def _create_private(path: Path) -> None:
    """A file of mode 0600; folders that are missing get 0700.

    A file that exists is never opened here: closing it would drop the locks that
    SQLite holds on it in this process (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        with _creating:
            _create_folders(path.parent)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
    except FileExistsError:  # another process was first
        return
    except OSError as error:
        raise StoreError(f"{path}: the store cannot be opened: {error.strerror}.") from error


def _create_folders(folder: Path) -> None:
    if not folder.exists():
        _create_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    mode = _switch_to_wal(connection)
    if mode != "wal":
        raise StoreError(f"SQLite cannot keep a write-ahead log here (journal mode {mode}).")
    connection.text_factory = _text
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")


def _text(kept: bytes) -> str:
    """Text that somebody damaged is read as what is left of it: it hides no other row."""
    return kept.decode(errors="replace")


def _switch_to_wal(connection: sqlite3.Connection) -> str:
    """The mode that it has then.

    Where several open a new file at once SQLite refuses all but one, without its own wait:
    two that wait to upgrade a lock would wait for ever.
    """
    until = monotonic() + BUSY_SECONDS
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(_TRY_AGAIN_SECONDS)


def _begin(connection: Connection) -> None:
    """Writers queue up at BEGIN, so that none fails half-way with SQLITE_BUSY."""
    writes = connection.get_execution_options().get("earwitness_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
