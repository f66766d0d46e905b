"""Opening a store: migrations, privacy, durability, and what is refused."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from tests.databases import postgres_url, sqlite_url
from tests.new_stores import from_nothing
from tests.values import START, item, trial, utterance

from earwitness.errors import StoreError
from earwitness.model import TrialOutcome
from earwitness.stores import SqlRecords, open_store
from earwitness.stores.migrate import MIGRATIONS
from earwitness.stores.tables import SCHEMA, metadata


@pytest.fixture(autouse=True)
def migrations_run() -> Iterator[None]:
    with from_nothing():
        yield


@pytest.fixture
def new_url(new_empty_url: Callable[[], str]) -> Callable[[], str]:
    return new_empty_url


def pragma(store: SqlRecords, name: str) -> object:
    with store.database.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_the_migrations_make_the_tables_of_the_program(store: SqlRecords) -> None:
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == SCHEMA


def test_the_program_knows_its_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [SCHEMA]


def test_a_store_of_a_newer_program_is_refused_and_left_alone(store: SqlRecords, url: str) -> None:
    with store.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer Earwitness \(schema 9999"):
        open_store(url)
    with store.database.read() as connection:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert found == "9999"


FIRST_TABLES = frozenset(
    {"utterance", "review_item", "judgement", "lexicon_revision", "term", "trial", "event"}
)


def test_what_an_older_program_kept_is_found_after_the_migration(
    store: SqlRecords, url: str
) -> None:
    taught = trial()
    taught = replace(taught, term=replace(taught.term, utterance="u1"))
    store.save_trial("t1", taught, TrialOutcome.LIVE, START)
    store.keep(utterance("u1"), item("u1"))
    with store.database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in FIRST_TABLES:
                table.drop(connection)
        for statement in (
            "DROP INDEX review_item_leased",
            *(f"DROP INDEX review_item_{name}" for name in ("state", "reason", "age", "closed")),
            "DROP INDEX trial_newest",
            "DROP INDEX utterance_of_device",
            "ALTER TABLE review_item DROP COLUMN reason",
            "DROP INDEX ix_trial_utterance",
            "ALTER TABLE trial DROP COLUMN utterance",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.execute(text(statement))
    again = open_store(url)
    assert again.trials(utterance="u1") == [("t1", taught, TrialOutcome.LIVE)]
    assert again.reopened(1) == []
    assert again.access_revision() == 0
    assert again.accounts() == []
    assert again.item("u1").reason == "low_confidence"
    again.close()


def test_opening_again_changes_nothing(url: str) -> None:
    for _ in range(3):
        store = open_store(url)
        assert store.check() == []
        store.close()


# --- SQLite -----------------------------------------------------------------


def test_every_commit_of_a_file_is_on_disk(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path))
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "synchronous") == 2  # FULL
    assert pragma(store, "foreign_keys") == 1
    assert pragma(store, "busy_timeout") == 30_000
    store.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deeper" / "store.db"
    store = open_store(f"sqlite:///{path}")
    store.publish(0, by="ada", why="", now=START)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.close()


def test_a_file_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch(mode=0o644)
    open_store(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look at " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt: file is not a database"):
        open_store(f"sqlite:///{path}")


def test_a_folder_in_place_of_the_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="folder"):
        open_store(f"sqlite:///{tmp_path / 'folder'}")


def test_a_place_that_cannot_be_written_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'store.db'}")


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///x.db?mode=ro", "mysql://host/x", "nonsense", ""],
)
def test_what_names_no_durable_store_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        open_store(url)


# --- PostgreSQL -------------------------------------------------------------


def test_a_server_that_is_not_there_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError) as refused:
        open_store("postgresql://me:secret@127.0.0.1:1/db")
    assert "127.0.0.1" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_server_whose_commits_are_not_durable_is_refused(server: str) -> None:
    url = postgres_url(server)
    with psycopg.connect(server, autocommit=True) as connection:
        set_full_page_writes(connection, server, "off")
        with pytest.raises(StoreError, match="full_page_writes is off; it must be on"):
            open_store(url)
        set_full_page_writes(connection, server, "on")
    open_store(url).close()


def set_full_page_writes(connection: psycopg.Connection, server: str, value: str) -> None:
    """Returns once new connections see it."""
    connection.execute(f"ALTER SYSTEM SET full_page_writes = {value}")
    connection.execute("SELECT pg_reload_conf()")
    for _ in range(1000):
        with psycopg.connect(server) as other:
            if other.execute("SHOW full_page_writes").fetchone() == (value,):
                return
    raise AssertionError("the server did not read its settings again")


def test_an_error_names_the_store_and_not_what_was_written(store: SqlRecords) -> None:
    with pytest.raises(StoreError) as refused, store.database.write() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "spoken words"})
    assert str(refused.value).startswith(store.database.name)
    assert "nowhere" in str(refused.value)
    assert "spoken words" not in str(refused.value)
