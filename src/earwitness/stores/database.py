"""One database: transactions to read and to write, and errors that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError, StatementError

from earwitness.errors import EarwitnessError, StoreError

_INSERTS: dict[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class Database:
    """Transactions over one SQLAlchemy engine. Safe to share between threads."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self._writer = engine.execution_options(earwitness_writes=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with _translated(self.name), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; durable once the block has ended without an error."""
        with _translated(self.name), self._writer.begin() as connection:
            yield connection

    def insert_new(self, connection: Connection, table: Table, values: dict[str, object]) -> bool:
        """INSERT ... ON CONFLICT DO NOTHING; False where the row was there already."""
        insert = _INSERTS[self.engine.dialect.name](table).values(values).on_conflict_do_nothing()
        kept_count = insert.execution_options(preserve_rowcount=True)
        return connection.execute(kept_count).rowcount == 1

    def upsert(self, table: Table, columns: Sequence[str]) -> Any:
        """INSERT for many rows; of one that is there already, these columns are set anew."""
        insert = _INSERTS[self.engine.dialect.name](table)
        if not columns:
            return insert.on_conflict_do_nothing()
        new = {name: insert.excluded[name] for name in columns}
        return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise _store_error(name, error) from error


def _store_error(name: str, error: SQLAlchemyError) -> EarwitnessError:
    """The driver's own first line: SQLAlchemy's message would repeat the SQL."""
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    if isinstance(cause, EarwitnessError):
        return cause
    reason = (str(cause).splitlines() or [type(cause).__name__])[0]
    return StoreError(f"{name}: {reason}")
