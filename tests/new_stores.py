"""A new SQLite file of a test begins as what the migrations made of an empty one.

Running them anew takes longer than what most tests do with the file. Those of the migrations
themselves begin with nothing (``from_nothing``), and so does all that a test runs as a command.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
from dbos import DBOS
from sqlalchemy.engine import URL

from earwitness.stores import open_store, records
from earwitness.stores.database import Database


@contextmanager
def ready_made() -> Iterator[None]:
    really = records._OPENERS["sqlite"]

    def opened(url: URL) -> Database:
        if url.database:
            _begin(Path(url.database), _migrated)
        return really(url)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(records._OPENERS, "sqlite", opened)
        yield


@contextmanager
def from_nothing() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(records._OPENERS, "sqlite", records.open_sqlite)
        yield


def begin(folder: Path) -> None:
    """The data folder of a server."""
    _begin(folder / "earwitness.sqlite", _migrated)
    _begin(folder / "workflows.sqlite", _workflows)


def _begin(path: Path, content: Callable[[], bytes]) -> None:
    """At once, where there is no such file: others may open it at the same time."""
    if path.exists() or not path.parent.is_dir():
        return
    whole = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with suppress(OSError):  # another was first; or what is wrong is the program's to say
        handle = os.open(whole, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content())
        os.link(whole, path)
    whole.unlink(missing_ok=True)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder, from_nothing():
        path = Path(folder) / "new"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


@cache
def _workflows() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new"
        DBOS.migrate(f"sqlite:///{path}")
        return path.read_bytes()
