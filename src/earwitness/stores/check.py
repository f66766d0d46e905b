"""Looks for what cannot be: for ``doctor``, and after every crash in the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from sqlalchemy import Connection, select, text

from earwitness.errors import StoreError
from earwitness.model import term_key
from earwitness.ports import Blobs
from earwitness.stores.database import Database
from earwitness.stores.tables import metadata, term, utterance

_NEVER = {
    "has no item in the queue": """
        SELECT u.id FROM utterance u LEFT JOIN review_item i ON i.utterance = u.id
        WHERE i.utterance IS NULL""",
    "is queued but was never kept": """
        SELECT i.utterance FROM review_item i LEFT JOIN utterance u ON u.id = i.utterance
        WHERE u.id IS NULL""",
    "was kept without its event": """
        SELECT u.id FROM utterance u LEFT JOIN event e ON e.id = 'doubted:' || u.id
        WHERE e.id IS NULL""",
    "was judged without its event": """
        SELECT j.utterance FROM judgement j LEFT JOIN event e ON e.id = 'judged:' || j.id
        WHERE e.id IS NULL""",
    "is an event of a judgement that is not there": """
        SELECT e.id FROM event e LEFT JOIN judgement j ON e.id = 'judged:' || j.id
        LEFT JOIN withdrawn_judgement w ON e.id = 'judged:' || w.id
        WHERE e.kind = 'judged' AND j.id IS NULL AND w.id IS NULL""",
    "is in a state that does not fit its judgements": """
        SELECT i.utterance FROM review_item i LEFT JOIN judgement j ON j.utterance = i.utterance
        GROUP BY i.utterance, i.state
        HAVING NOT CASE i.state
            WHEN 'waiting' THEN COUNT(j.id) = 0
            WHEN 'settled' THEN COUNT(j.id) = 0
            WHEN 'second' THEN COUNT(j.id) = 1
            WHEN 'adjudication' THEN COUNT(j.id) = 2
            WHEN 'closed' THEN COUNT(j.id) BETWEEN 1 AND 3
            ELSE 1 = 0 END""",
    "is closed without a moment, or open with one": """
        SELECT utterance FROM review_item
        WHERE (state IN ('closed', 'settled')) <> (closed_at IS NOT NULL)""",
    "has half a lease, or one though it is closed": """
        SELECT utterance FROM review_item
        WHERE (lease_token IS NULL) <> (lease_expires_at IS NULL)
           OR (lease_token IS NULL) <> (lease_analyst IS NULL)
           OR (lease_token IS NOT NULL AND closed_at IS NOT NULL)""",
    "is a lexicon revision after a gap": """
        SELECT r.number FROM lexicon_revision r
        WHERE r.number <> 1
          AND NOT EXISTS (SELECT 1 FROM lexicon_revision p WHERE p.number = r.number - 1)""",
    "is a term with two versions in one revision": """
        SELECT a.key FROM term a JOIN term b
            ON a.key = b.key AND a.first_revision < b.first_revision
        WHERE a.last_revision IS NULL OR a.last_revision >= b.first_revision""",
    "is a term that ended before it began": """
        SELECT key FROM term WHERE last_revision < first_revision""",
    "is settled because of a term that is not live": """
        SELECT s.utterance FROM settlement s
        WHERE s.reopened_in IS NULL
          AND NOT EXISTS (SELECT 1 FROM term t WHERE t.key = s.key AND t.last_revision IS NULL)""",
    "is named as settled and is not": """
        SELECT s.utterance FROM settlement s JOIN review_item i ON i.utterance = s.utterance
        WHERE s.reopened_in IS NULL AND i.state <> 'settled'""",
    "is a group of clips that was confirmed without its event": """
        SELECT a.in_group FROM likeness_answer a
        LEFT JOIN event e ON e.id = 'confirmed:' || a.in_group
        GROUP BY a.in_group
        HAVING COUNT(*) >= 3 AND SUM(CASE WHEN a.same THEN 0 ELSE 1 END) = 0
           AND COUNT(e.id) = 0""",
    "is a group of clips that settled them and was not confirmed": """
        SELECT g.id FROM likeness_group g LEFT JOIN event e ON e.id = 'confirmed:' || g.id
        WHERE g.settled_in IS NOT NULL AND e.id IS NULL""",
    "is a device with a key that is none": """
        SELECT id FROM device WHERE length(key) <> 32 OR length(next_key) <> 32""",
    "is a device of another household or room than its invitation": """
        SELECT d.id FROM device d JOIN invitation i ON i.code_hash = d.code_hash
        WHERE d.household <> i.household OR d.room <> i.room""",
    "is a device that enrolled after its code had expired": """
        SELECT d.id FROM device d JOIN invitation i ON i.code_hash = d.code_hash
        WHERE d.enrolled_at >= i.expires_at""",
    "changes of devices and keys are fewer than there are devices and keys": """
        SELECT number FROM access_revision
        WHERE number < (SELECT COUNT(*) FROM device) + (SELECT COUNT(*) FROM api_key)""",
}
"""What is wrong -> the rows of which that is true; there must be none."""


def check(database: Database) -> Sequence[str]:
    """Every broken invariant, in words; empty when all is well. Reads every row."""
    parts = (
        _file_problems,
        _broken,
        _unreadable,
        _misfiled,
    )
    return [problem for part in parts for problem in _found(database, part)]


def lost_clips(database: Database, blobs: Blobs) -> Sequence[str]:
    """Each utterance whose clip is missing or damaged, in words. Reads every clip, one by one."""
    return _found(database, partial(_lost, blobs=blobs))


def _found(database: Database, part: Callable[[Connection], Iterable[str]]) -> Sequence[str]:
    """What the part finds; that it could not look is a find too."""
    try:
        with database.read() as connection:
            return list(part(connection))
    except StoreError as error:
        return [str(error)]


def _file_problems(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        for (problem,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if problem != "ok":
                yield f"The file is damaged: {problem}."
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"Table {row[0]} names a row of {row[2]} that is not there."


def _broken(connection: Connection) -> Iterator[str]:
    for problem, query in _NEVER.items():
        for (name,) in connection.execute(text(query)):
            yield f"{name} {problem}."


def _unreadable(connection: Connection) -> Iterator[str]:
    for table in metadata.sorted_tables:
        try:
            for _row in connection.execute(select(table)):
                pass
        except StoreError as error:
            yield f"{table.name}: {error}"


def _misfiled(connection: Connection) -> Iterator[str]:
    for key, written in connection.execute(select(term.c.key, term.c.written)):
        if key != term_key(written):
            yield f"The term {written!r} is filed under {key!r}."


def _lost(connection: Connection, blobs: Blobs) -> Iterator[str]:
    for name, clip in connection.execute(select(utterance.c.id, utterance.c.clip)):
        try:
            blobs.get(clip)
        except StoreError as error:
            yield f"The clip of {name} is lost: {error}"
