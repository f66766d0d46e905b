"""The checker finds each thing that cannot be, and is silent when all is well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.databases import sqlite_url
from tests.values import MINUTE, START, item, judgement, transcript, trial, utterance

from earwitness.model import Alike, ItemState, SoundGroup, Term, TrialOutcome
from earwitness.stores import FolderBlobs, SqlRecords, open_store


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[SqlRecords]:
    """Three utterances, one judged, one settled; three revisions; a trial; a device; a group."""
    store = open_store(sqlite_url(tmp_path))
    for name in ("u1", "u2", "u3"):
        store.keep(utterance(name), item(name))
    lease = store.lease("ada", START, MINUTE, "u1")
    store.judge(lease, judgement("u1"), ItemState.CLOSED, "judged", START)
    store.lease("bob", START, MINUTE, "u2")
    for number, written in enumerate(("one", "two", "one")):
        store.publish(number, put=[Term(written)], by="ada", why="", now=START)
    store.settle("u3", transcript(revision=3), "explained", START, ["two"])
    store.save_trial("t1", trial(), TrialOutcome.LIVE, START)
    store.invite(b"code", "elm-12", "kitchen", START + MINUTE, START)
    store.enrol(b"code", "d1", bytes(32), START)
    alike = tuple(Alike(name, 0.9) for name in ("u1", "u2", "u3"))
    store.make_group(SoundGroup("g1", "u1", "two", "two", "ada", START, alike))
    yield store
    store.close()


def test_a_store_that_is_well_has_no_problems(filled: SqlRecords) -> None:
    assert filled.check() == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM review_item WHERE utterance = 'u2'", "u2 has no item in the queue"),
        ("DELETE FROM utterance WHERE id = 'u2'", "u2 is queued but was never kept"),
        ("DELETE FROM event WHERE id = 'doubted:u2'", "u2 was kept without its event"),
        ("DELETE FROM event WHERE kind = 'judged'", "u1 was judged without its event"),
        ("DELETE FROM judgement", "an event of a judgement that is not there"),
        ("DELETE FROM judgement", "u1 is in a state that does not fit its judgements"),
        ("UPDATE review_item SET state = 'second'", "u2 is in a state that does not fit"),
        ("UPDATE review_item SET closed_at = NULL", "u1 is closed without a moment"),
        ("UPDATE review_item SET state = 'gone'", "unknown ItemState"),
        ("UPDATE review_item SET lease_expires_at = NULL", "u2 has half a lease"),
        ("DELETE FROM lexicon_revision WHERE number = 2", "3 is a lexicon revision after a gap"),
        ("UPDATE term SET last_revision = 3 WHERE last_revision = 2", "one is a term with two"),
        ("UPDATE term SET last_revision = 1 WHERE key = 'two'", "two is a term that ended before"),
        ("UPDATE term SET key = 'tow' WHERE key = 'two'", "'two' is filed under 'tow'"),
        ("UPDATE term SET first_revision = 7 WHERE key = 'two'", "names a row of lexicon_revision"),
        ("UPDATE term SET last_revision = 3", "u3 is settled because of a term that is not live"),
        ("UPDATE review_item SET state = 'closed'", "u3 is named as settled and is not"),
        (
            "INSERT INTO likeness_answer SELECT in_group, utterance, 'ada', 1, 0"
            " FROM likeness_member",
            "g1 is a group of clips that was confirmed without its event",
        ),
        (
            "UPDATE likeness_group SET settled_in = 1",
            "g1 is a group of clips that settled them and was not confirmed",
        ),
        ("UPDATE utterance SET transcript = '{}'", "utterance: A stored value cannot be read"),
        ("UPDATE trial SET trial = 'nonsense'", "trial: A stored value cannot be read"),
        ("UPDATE device SET next_key = x'00'", "d1 is a device with a key that is none"),
        ("UPDATE device SET household = 'other'", "d1 is a device of another household"),
        ("UPDATE device SET enrolled_at = enrolled_at + 60000000", "d1 is a device that enrolled"),
        ("UPDATE access_revision SET number = 0", "0 changes of devices and keys are fewer"),
        ("DELETE FROM invitation", "Table device names a row of invitation"),
    ],
)
def test_what_cannot_be_is_found(filled: SqlRecords, damage: str, problem: str) -> None:
    damage_without_constraints(filled, damage)
    problems = filled.check()
    assert any(problem in each for each in problems), problems


def damage_without_constraints(store: SqlRecords, statement: str) -> None:
    with store.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.rollback()
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute(statement)
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA ignore_check_constraints = OFF")


def test_a_damaged_file_is_found(filled: SqlRecords) -> None:
    with filled.database.read() as connection:
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        page = connection.exec_driver_sql(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'term_first_revision'"
        ).scalar_one()
    filled.close()  # the last connection moves the write-ahead log into the file
    with Path(filled.database.name).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    assert any("malformed" in each for each in filled.check())


def test_each_clip_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "clips")
    store = open_store(sqlite_url(tmp_path))
    keys = [blobs.put(content) for content in (b"whole", b"damaged", b"missing")]
    for name, key in zip(("whole", "damaged", "missing"), keys, strict=True):
        store.keep(replace(utterance(name), clip=key), item(name))
    (tmp_path / "clips" / keys[1]).write_bytes(b"dam")
    blobs.delete(keys[2])
    assert sorted(store.lost_clips(blobs)) == [
        f"The clip of damaged is lost: {tmp_path / 'clips' / keys[1]}: the clip is damaged.",
        f"The clip of missing is lost: There is no {tmp_path / 'clips' / keys[2]}.",
    ]
    store.close()
