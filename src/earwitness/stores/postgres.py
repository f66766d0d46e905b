"""PostgreSQL: for several machines; the same promises as the file."""

from __future__ import annotations

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from earwitness.errors import StoreError
from earwitness.stores.database import Database

_SESSION = "-c synchronous_commit=on -c lock_timeout=30s"
_REQUIRED = {"fsync": "on", "full_page_writes": "on", "server_encoding": "UTF8"}
"""Without these a commit is not durable, or text is not what was written."""


def open_postgres(url: URL) -> Database:
    """Raises StoreError where the server cannot be reached or cannot keep the promises.

    What the queue relies on is written for READ COMMITTED: a statement that waited
    for a row's lock looks at the row again.
    """
    try:
        engine = create_engine(
            _with_session(url.set(drivername="postgresql+psycopg")),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "PostgreSQL needs the extra: pip install 'earwitness[postgres]'."
        ) from error
    database = Database(engine, url.set(query={}).render_as_string(hide_password=True))
    try:
        _refuse_unsafe(database)
    except BaseException:
        database.close()
        raise
    return database


def _with_session(url: URL) -> URL:
    options = [_SESSION, *url.normalized_query.get("options", ())]
    return url.update_query_dict({"options": " ".join(options)})


def _refuse_unsafe(database: Database) -> None:
    with database.read() as connection:
        for setting, needed in _REQUIRED.items():
            found = connection.scalar(text(f"SHOW {setting}"))
            if found != needed:
                raise StoreError(f"{database.name}: {setting} is {found}; it must be {needed}.")
