"""The heads that a witness has cosigned, in one SQLite file. Losing it is losing its worth."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from earwitness.errors import StoreError
from earwitness.evidence.checkpoints import Checkpoint

BUSY_SECONDS = 30.0


class Heads:
    """Safe between threads and processes: to compare and to remember is one transaction."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError."""
        self._path = path
        try:
            os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))
            with closing(self._open()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS head "
                    "(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL) STRICT"
                )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: the witness cannot keep its heads: {error}.") from error

    def advance(self, origin: str, decide: Callable[[Checkpoint | None], Checkpoint]) -> Checkpoint:
        """What ``decide`` makes of the head so far, remembered: durable on return.

        Whatever it raises is raised, and nothing changes then. Raises StoreError.
        """
        try:
            with closing(self._open()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                row = connection.execute(
                    "SELECT size, root FROM head WHERE origin = ?", (origin,)
                ).fetchone()
                head = decide(Checkpoint(origin, *row) if row else None)
                connection.execute(
                    "INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (origin, head.size, head.root)
                )
                connection.execute("COMMIT")
                return head
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}.") from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        return connection
