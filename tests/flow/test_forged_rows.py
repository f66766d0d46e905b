"""Whoever can write to the database, and nothing else, can bury nothing in it.

They know how records, leaves and the tree are made, and have no key of the log.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS, incidents
from tests.flow.test_damaged_rows import OMBUDSMAN, RECENT, damage, reached, work
from tests.flow.test_escalation import HOUR, MINUTE, House, house_of
from tests.values import START

from earwitness.errors import LogBroken
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import (
    Frontier,
    check_consistency,
    consistency_parts,
    leaf_hash,
)
from earwitness.evidence.records import Value, canonical
from earwitness.flow.incidents import codes, house, logbook, reporting
from earwitness.incidents.records import HOUSE, Draft, Kind, chained

NAMED = replace(RECENT, implicated=("Mallory",))
FAR = 10**12
TOLD = [START + hours * HOUR for hours in range(40)]


@pytest.fixture
def house_(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    house.note_policy(START, made.on)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def anew(found: House, folder: Path) -> House:
    """The same store, seen by a process that has just started."""
    return replace(found, on=incidents(folder, THREE_RUNGS))


class Forger:
    """Writes to the database past the program."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "one.db"

    def rewrite(self, case: str, **fields: Value) -> None:
        """The records of a case say something else, and so do their leaves."""
        before = ""
        with closing(sqlite3.connect(self.path)) as db, db:
            rows = db.execute(
                "SELECT number, leaf, kind, fields, salt FROM incident_record "
                "WHERE incident = ? ORDER BY number", (case,)
            ).fetchall()  # fmt: skip
            for number, leaf, kind, text, salt in rows:
                made = {**json.loads(text), "at": "9000-01-01T00:00:00+00:00"}
                if kind == "reported":
                    made |= fields
                (link,) = chained(case, number, before, [Draft(Kind(kind), made, salt)])
                db.execute(
                    "UPDATE incident_record SET fields = ?, before = ? "
                    "WHERE incident = ? AND number = ?",
                    (canonical(made).decode(), before, case, number),
                )
                db.execute("UPDATE log_leaf SET leaf = ? WHERE place = ?", (link.leaf, leaf))
                before = leaf_hash(link.leaf).hex()

    def append(self, case: str, drafts: list[tuple[Kind, dict[str, Value]]], place: int) -> None:
        """More records, with leaves, at places where no leaf of ours is."""
        with closing(sqlite3.connect(self.path)) as db, db:
            number, leaf = db.execute(
                "SELECT max(number), leaf FROM incident_record WHERE incident = ?", (case,)
            ).fetchone()
            (content,) = db.execute("SELECT leaf FROM log_leaf WHERE place = ?", (leaf,)).fetchone()
            new = [Draft(kind, fields, secrets.token_bytes(32)) for kind, fields in drafts]
            for at, link in enumerate(chained(case, number + 1, leaf_hash(content).hex(), new)):
                db.execute("INSERT INTO log_leaf VALUES (?, ?)", (place + at, link.leaf))
                db.execute(
                    "INSERT INTO incident_record (incident, number, leaf, kind, fields, salt, "
                    "before, at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                    (case, link.number, place + at, link.draft.kind,
                     canonical(dict(link.draft.fields)).decode(), link.draft.salt, link.before),
                )  # fmt: skip

    def grow_a_tree(self) -> None:
        """Over the leaves as they are now, with a head that nobody signed."""
        head = Frontier()
        with closing(sqlite3.connect(self.path)) as db, db:
            for (leaf,) in db.execute("SELECT leaf FROM log_leaf ORDER BY place").fetchall():
                head, nodes = head.append(leaf_hash(leaf))
                db.executemany("INSERT OR REPLACE INTO log_node VALUES (?, ?, ?)", nodes)
            db.execute("UPDATE log_head SET size = ?, peaks = ?", (head.size, b"".join(head.peaks)))
            note = f"{Checkpoint('x', head.size, head.root)}\n\u2014 x AAAAAAA=\n"
            db.execute("INSERT OR REPLACE INTO log_checkpoint VALUES (?, ?)", (head.size, note))


CLOSING: list[tuple[Kind, dict[str, Value]]] = [
    (Kind.PROPOSED, {"by": "Ria", "by_id": "ria", "what": "no_action", "said": "a prank"}),
    (Kind.AGREED, {"by": "Dora", "by_id": "dora", "what": "no_action", "proposal": 4}),
    (Kind.ANSWERED, {"by": "Ria", "by_id": "ria", "said": "thank you", "feedback": True}),
]


def assert_goes_outside(found: House, case: str) -> None:
    assert found.look(case).wrong
    for minutes in range(3):
        work(found, START + minutes * MINUTE)
    assert OMBUDSMAN in reached(found, case)


def test_a_rewritten_case_goes_outside_in_the_process_that_wrote_it(
    house_: House, tmp_path: Path
) -> None:
    case = house_.report(NAMED)
    Forger(tmp_path).rewrite(case, heard="nothing at all", implicated=[], implicated_ids=[])
    assert_goes_outside(house_, case)


@pytest.mark.parametrize("tree", [False, True])
def test_a_rewritten_case_goes_outside_after_a_restart(
    house_: House, tmp_path: Path, tree: bool
) -> None:
    case, other = house_.report(NAMED), house_.report(RECENT)
    forger = Forger(tmp_path)
    forger.rewrite(case, heard="nothing at all", implicated=[], implicated_ids=[])
    if tree:
        forger.grow_a_tree()
    started = anew(house_, tmp_path)
    assert_goes_outside(started, case)
    for at in TOLD:
        work(started, at)
    assert OMBUDSMAN in reached(started, other)


def test_one_rewritten_case_makes_no_other_look_changed(house_: House, tmp_path: Path) -> None:
    case, other = house_.report(NAMED), house_.report(RECENT)
    Forger(tmp_path).rewrite(case)
    started = anew(house_, tmp_path)
    assert started.look(case).wrong
    assert not started.look(other).wrong


@pytest.mark.parametrize("place", [FAR, 4, -7])
def test_forged_records_close_nothing(house_: House, tmp_path: Path, place: int) -> None:
    case = house_.report(NAMED)
    Forger(tmp_path).append(case, CLOSING, place if place != 4 else house_.on.records.log_size())
    assert house_.look(case).status.closed_at is None
    assert_goes_outside(house_, case)


def test_a_tree_that_nobody_signed_is_never_signed_by_us(house_: House, tmp_path: Path) -> None:
    case = house_.report(NAMED)
    old = Checkpoint.parse(house_.on.book.newest().text)
    forger = Forger(tmp_path)
    forger.rewrite(case)
    forger.grow_a_tree()
    started = anew(house_, tmp_path)
    for at in TOLD:
        work(started, at)
    book = started.on.book
    new = Checkpoint.parse(book.newest().text)
    grown = logbook.proof(book, consistency_parts(old.size, new.size))
    check_consistency(old.size, old.root, new.size, new.root, grown)
    assert new.size > old.size
    assert book.signed(book.copy.read()) == new
    given = reporting.report(RECENT, codes.new_code(), START + 40 * HOUR, started.on)
    given.check([book.key.public])


def test_an_older_database_leads_on_from_the_newest_head(house_: House, tmp_path: Path) -> None:
    case = house_.report(RECENT)
    kept = [tmp_path / name for name in ("one.db", "one.db-wal")]
    older = [each.read_bytes() for each in kept]
    gone = reporting.report(NAMED, codes.new_code(), START, house_.on)
    house_.on.records.close()  # type: ignore[attr-defined]
    for path, content in zip(kept, older, strict=True):
        path.write_bytes(content)
    started = anew(house_, tmp_path)
    for at in TOLD:
        work(started, at)
    assert OMBUDSMAN in reached(started, case), "what is there climbs"
    assert OMBUDSMAN in reached(started, HOUSE), "and it is told that something is gone"
    assert gone.case not in [each.id for each in started.on.records.cases()]
    assert house.taken_away(started.on) == 3
    at = START + 40 * HOUR
    given = reporting.report(RECENT, codes.new_code(), at, started.on)
    (grown,) = logbook.receipt(given.case, started.on.book, [gone.head.size]).grown
    assert grown.root == gone.head.root, "the receipt of what is gone is still of this log"


def test_without_what_lies_beside_it_an_older_database_is_acknowledged_nothing(
    house_: House, tmp_path: Path
) -> None:
    house_.report(RECENT)
    older = [(each, each.read_bytes()) for each in tmp_path.glob("one.db*")]
    house_.report(NAMED)
    house_.on.records.close()  # type: ignore[attr-defined]
    for path, content in older:
        path.write_bytes(content)
    copy = tmp_path / "log.head"
    text = copy.read_text(encoding="utf-8")
    copy.write_text("".join(line for line in text.splitlines(True) if line[0] != "#"), "utf-8")
    started = anew(house_, tmp_path)
    for at in TOLD:
        work(started, at)
    assert OMBUDSMAN in reached(started, HOUSE)
    assert started.on.book.copy.read() == house_.on.book.copy.read(), "it is not forgotten"
    with pytest.raises(LogBroken):
        started.report(RECENT)


def test_a_case_that_is_moved_elsewhere_is_missed(house_: House, tmp_path: Path) -> None:
    case = house_.report(NAMED)
    damage(
        tmp_path,
        "UPDATE incident_record SET incident = 'house', number = number + 1000000 "
        "WHERE incident = '{case}';"
        "DELETE FROM incident_clock WHERE incident = '{case}';"
        "DELETE FROM incident_delivery WHERE incident = '{case}';"
        "DELETE FROM incident WHERE id = '{case}';",
        case,
    )
    house_.out.sent.clear()
    for minutes in range(3):
        work(house_, START + minutes * MINUTE)
    assert OMBUDSMAN in reached(house_, HOUSE)
    assert house.taken_away(house_.on) == 3


def test_what_was_missed_and_came_back_hides_nothing_else(house_: House, tmp_path: Path) -> None:
    first, second = house_.report(RECENT), house_.report(RECENT)
    take = "CREATE TABLE aside AS SELECT * FROM incident_record WHERE incident = '{case}';" \
        "DELETE FROM incident_record WHERE incident = '{case}'"  # fmt: skip
    damage(tmp_path, take, first)
    work(house_, START)
    back = "DELETE FROM incident_record WHERE incident = '{case}';" \
        "INSERT INTO incident_record SELECT * FROM aside; DROP TABLE aside"  # fmt: skip
    damage(tmp_path, back, first)
    damage(tmp_path, take, second)
    house_.out.sent.clear()
    for minutes in range(3):
        work(house_, START + MINUTE + minutes * MINUTE)
    assert OMBUDSMAN in reached(house_, HOUSE)


def test_a_forged_key_stops_no_report(house_: House, tmp_path: Path) -> None:
    house_.report(RECENT)
    Forger(tmp_path).append(HOUSE, [(Kind.KEY, {"succession": "no note at all"})], FAR)
    code = codes.new_code()
    receipt = reporting.report(RECENT, code, START, house_.on)
    receipt.check([house_.on.book.key.public])


STOPPERS = [
    "INSERT INTO time_seen VALUES (2, 0)",
    "INSERT INTO log_head VALUES (2, 0, x'')",
    "INSERT INTO log_leaf SELECT size, x'00' FROM log_head",
    "INSERT INTO incident_record (incident, number, leaf, kind, fields, salt, before, at) "
    "SELECT '{case}', 5000, size, 'x', 'x', x'00', '', 0 FROM log_head",
    "UPDATE log_checkpoint SET note = 'none'",
    "DELETE FROM log_checkpoint",
    "DELETE FROM log_checkpoint; DELETE FROM log_head; UPDATE log_node SET hash = x'00'",
    "INSERT INTO log_checkpoint SELECT 1000000 + max(size), note FROM log_checkpoint",
    *(
        f"CREATE TRIGGER t{what} AFTER {what} ON {table} {when} BEGIN "
        f"UPDATE {table} SET {moment} = NULL WHERE rowid = NEW.rowid; END"
        for table, moment in (("incident_clock", "due_at"), ("incident_delivery", "next_at"))
        for what, when in (("UPDATE", f"WHEN NEW.{moment} IS NOT NULL"), ("INSERT", ""))
    ),
    "CREATE TRIGGER t1 AFTER INSERT ON incident_delivery BEGIN "
    "DELETE FROM incident_delivery WHERE id = NEW.id; END; DELETE FROM incident_delivery",
    "CREATE TRIGGER t2 AFTER UPDATE ON incident_clock BEGIN "
    "DELETE FROM incident_clock WHERE incident = NEW.incident; END",
]


@pytest.mark.parametrize("statement", STOPPERS)
def test_no_statement_stops_every_case(house_: House, tmp_path: Path, statement: str) -> None:
    case, other = house_.report(RECENT), house_.report(RECENT)
    damage(tmp_path, statement, case)
    started = anew(house_, tmp_path)
    for at in TOLD:
        work(started, at)
    assert OMBUDSMAN in reached(started, other)
    assert not started.look(other).wrong


def test_code_of_somebody_elses_in_the_database_is_told_outside(
    house_: House, tmp_path: Path
) -> None:
    house_.report(RECENT)
    damage(tmp_path, STOPPERS[8], "")
    for minutes in range(3):
        work(house_, START + minutes * MINUTE)
    assert OMBUDSMAN in reached(house_, HOUSE)


def test_code_that_comes_back_is_told_again(house_: House, tmp_path: Path) -> None:
    def told(*statements: str) -> int:
        """How often the outside was, once this was done and was looked for."""
        nonlocal now
        for each in statements:
            damage(tmp_path, each, "")
        house_.out.sent.clear()
        for _ in range(2):
            work(house_, now)
            now += MINUTE
        return house_.out.to.count(OMBUDSMAN)

    now, gone = START, "DROP TRIGGER t"
    at_first, then = (
        f"CREATE TRIGGER t AFTER INSERT ON incident_clock BEGIN DELETE FROM {table}; END"
        for table in ("incident_clock", "incident_delivery")
    )
    assert told(at_first) == 1
    assert told() == 0, "once"
    assert told(gone, then) == 1, "of the same name, and does something else"
    assert told(gone) == 0
    assert told() == 0
    assert told(at_first) == 1, "after it was over"
    assert told(gone, at_first) == 0, "nobody can tell"
    assert told(gone) == 0
    kinds = Counter(each.kind for each in house_.on.records.records(HOUSE))
    assert (kinds[Kind.OUTSIDE], kinds[Kind.OVER]) == (3, 3)


@pytest.mark.parametrize("statement", ["DELETE FROM log_node", "UPDATE log_node SET hash = x'00'"])
def test_damaged_subtrees_are_made_again_and_reports_go_on(
    house_: House, tmp_path: Path, statement: str
) -> None:
    house_.report(RECENT)
    damage(tmp_path, statement, "")
    started = anew(house_, tmp_path)
    given = reporting.report(NAMED, codes.new_code(), START + timedelta(hours=1), started.on)
    given.check([started.on.book.key.public])
