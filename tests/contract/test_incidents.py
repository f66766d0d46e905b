"""Cases and the log, on every store: one transaction, one order, nothing twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.values import START, item, utterance

from earwitness.errors import NotFound
from earwitness.evidence import merkle
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import Frontier
from earwitness.evidence.notes import NoteError
from earwitness.evidence.records import changes
from earwitness.incidents.deliveries import Ahead, Delivery
from earwitness.incidents.records import Draft, Kind
from earwitness.ports import Addition, CaseRow
from earwitness.stores import SqlRecords, open_store


class Plain:
    """Implements ``ports.Signer``: what names them is theirs."""

    def __init__(self, *known: Frontier) -> None:
        self._known = known

    def sign(self, head: Checkpoint) -> str:
        return str(Checkpoint("test", head.size, head.root))

    def signed(self, note: str) -> Checkpoint | None:
        try:
            found = Checkpoint.parse(note)
        except NoteError:
            return None
        return found if found.origin == "test" else None

    def known(self) -> tuple[Frontier, ...]:
        return self._known


SIGNER = Plain()
LATER = START + timedelta(hours=1)


def draft(heard: str, salt: bytes = b"s" * 32) -> Draft:
    return Draft(Kind.REPORTED, {"heard": heard, "n": [1, True, None, "\u20ac"]}, salt)


def case(number: int) -> CaseRow:
    return CaseRow(f"c{number}", bytes([number]) * 32, START + timedelta(seconds=number))


def add(store: SqlRecords, case: str, number: int, *drafts: Draft) -> frozenset[str]:
    return store.add_records([Addition(case, number, drafts, Ahead())], START, SIGNER)


def root(store: SqlRecords) -> bytes:
    return merkle.part_from_nodes(store.log_node, 0, store.log_size())


def test_a_case_its_leaves_and_the_head_are_kept_together(store: SqlRecords) -> None:
    assert (store.log_size(), store.newest(SIGNER), store.cases()) == (0, "", [])
    first = store.open_case(case(1), [draft("a"), draft("b"), draft("c")], Ahead(), SIGNER)
    assert first == case(1)
    kept = store.records("c1")
    assert [(each.number, each.index, each.kind) for each in kept] == [
        (number, number, "reported") for number in range(3)
    ]
    for each in kept:
        leaf = store.log_leaf(each.index)
        assert changes(leaf, each.opened()) == []
        assert b"\xe2\x82\xac" not in leaf
    assert kept[1].before == merkle.leaf_hash(store.log_leaf(0)).hex()
    assert store.newest(SIGNER) == str(Checkpoint("test", 3, root(store)))
    assert store.checkpoint(3) == store.newest(SIGNER)
    assert store.checkpoint(2) == ""
    more = f"{store.newest(SIGNER)}with more signatures"
    store.put_checkpoint(3, more)
    assert store.newest(SIGNER) == store.checkpoint(3) == more
    with pytest.raises(NotFound):
        store.put_checkpoint(4, "none")


def test_the_same_code_opens_one_case(store: SqlRecords) -> None:
    store.open_case(case(1), [draft("a")], Ahead(), SIGNER)
    again = CaseRow("another", case(1).code_hash, START)
    assert store.open_case(again, [draft("b")], Ahead(), SIGNER) == case(1)
    assert store.log_size() == 1
    assert store.case_of(case(1).code_hash) == case(1)
    assert store.case_of(b"x" * 32) is None


def test_records_are_added_to_what_is_there_and_nothing_else(store: SqlRecords) -> None:
    store.open_case(case(1), [draft("a")], Ahead(), SIGNER)
    store.open_case(case(2), [draft("b")], Ahead(), SIGNER)
    assert add(store, "c1", 1, draft("c"), draft("d"))
    assert [each.index for each in store.records("c1")] == [0, 2, 3]
    assert store.cases() == [case(2), case(1)]
    for number in (0, 1, 2, 4):
        assert not add(store, "c1", number, draft("e"))
    with pytest.raises(NotFound):
        add(store, "none", 0, draft("e"))
    with pytest.raises(NotFound):
        store.records("none")
    for wanted in (lambda: store.log_leaf(4), lambda: store.log_node(1, 2)):
        with pytest.raises(NotFound):
            wanted()
    assert store.log_size() == 4


def test_what_cannot_be_signed_is_not_kept(store: SqlRecords) -> None:
    class Broken(Plain):
        def sign(self, head: Checkpoint) -> str:
            raise ValueError("no key")

    store.open_case(case(1), [draft("a")], Ahead(), SIGNER)
    before = (store.log_size(), store.newest(SIGNER), root(store))
    with pytest.raises(ValueError, match="no key"):
        store.open_case(case(2), [draft("b")], Ahead(), Broken())
    with pytest.raises(ValueError, match="no key"):
        store.add_records([Addition("c1", 1, [draft("b")], Ahead())], START, Broken())
    assert (store.log_size(), store.newest(SIGNER), root(store)) == before
    assert store.case_of(case(2).code_hash) is None


def test_writers_at_once_give_one_log(url: str, store: SqlRecords) -> None:
    """Each with connections of its own; a reader sees heads that only grow."""
    others = [open_store(url) for _ in range(4)]

    def write(number: int) -> None:
        for turn in range(5):
            name = number * 10 + turn + 1
            others[number].open_case(case(name), [draft(f"{name}"), draft("x")], Ahead(), SIGNER)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for each in others:
        each.close()
    assert store.log_size() == 40
    hashes = [merkle.leaf_hash(store.log_leaf(each)) for each in range(40)]
    assert merkle.part_hash(hashes, 0, 40) == root(store)
    places = sorted(each.index for row in store.cases() for each in store.records(row.id))
    assert places == list(range(40))
    for size in range(2, 41, 2):
        head = Checkpoint.parse(store.checkpoint(size))
        assert head.root == merkle.part_hash(hashes, 0, size)


def test_what_a_device_heard_around_a_moment(store: SqlRecords) -> None:
    for number in range(5):
        heard = START + timedelta(minutes=3 * number)
        store.keep(replace(utterance(f"u{number}"), heard_at=heard), item(f"u{number}"))
    device, middle = utterance("u").source.device, START + timedelta(minutes=6)
    around = store.near(device, middle, timedelta(minutes=3))
    assert [each.id for each in around] == ["u1", "u2", "u3"]
    assert store.near("another", START, timedelta(days=1)) == []


# --- what is to come -----------------------------------------------------------------


def delivery(name: str, case: str = "c1", minutes: int = 0) -> Delivery:
    at = START + timedelta(minutes=minutes)
    return Delivery(name, case, 0, 1, "mailto:ria@example.org", START, at)


def test_what_is_due_comes_in_its_order(store: SqlRecords) -> None:
    for number in (1, 2, 3):
        due = START + timedelta(minutes=10 - number)
        store.open_case(case(number), [draft("a")], Ahead(due), SIGNER)
    assert store.due_cases(START, 10) == []
    assert store.due_cases(START + timedelta(minutes=8), 10) == ["c3", "c2"]
    assert store.due_cases(START + timedelta(minutes=9), 1) == ["c3"]
    store.add_records([Addition("c3", 1, [draft("b")], Ahead())], START, SIGNER)
    assert store.due_cases(START + timedelta(days=1), 10) == ["c2", "c1"]
    store.set_ahead({"c3": Ahead(START)})
    assert store.clocks()["c3"] == START
    assert store.due_cases(START, 10) == ["c3"]


def test_many_cases_are_added_to_at_once_but_none_twice(store: SqlRecords) -> None:
    for number in (1, 2):
        store.open_case(case(number), [draft("a")], Ahead(), SIGNER)
    both = [Addition(each, 1, [draft("b")], Ahead()) for each in ("c1", "c2")]
    assert store.add_records(both, START, SIGNER) == {"c1", "c2"}
    assert store.add_records(both, START, SIGNER) == frozenset()
    third = [Addition("c1", 2, [draft("c")], Ahead(START)), both[1]]
    assert store.add_records(third, START, SIGNER) == {"c1"}
    assert store.log_size() == 5
    assert store.newest(SIGNER) == str(Checkpoint("test", 5, root(store)))
    assert {each: len(found) for each, found in store.records_of(["c1", "c2", "no"]).items()} == {
        "c1": 3,
        "c2": 2,
    }
    assert [row.id for row in store.case_rows(["c2", "no"])] == ["c2"]
    for kept in store.records("c1"):
        assert kept.leaf == store.log_leaf(kept.index)


def test_deliveries_stand_as_they_were_put(store: SqlRecords) -> None:
    store.open_case(case(1), [draft("a")], Ahead(None, (delivery("x"), delivery("y"))), SIGNER)
    assert {each.id for each in store.due_deliveries(START, 10)} == {"x", "y"}
    failed = replace(delivery("x", minutes=5), tries=1, problem="no answer")
    store.put_delivery(failed)
    store.put_delivery(replace(delivery("y"), next_at=None, sent_at=START))
    assert store.due_deliveries(START, 10) == []
    assert store.due_deliveries(START + timedelta(minutes=5), 10) == [failed]
    store.set_ahead({"c1": Ahead(START, (delivery("x"), delivery("z")))})  # made again: x stays
    assert store.delivery("x") == failed
    assert [each.id for each in store.deliveries_of("c1")] == ["x", "y", "z"]
    for unknown in (lambda: store.delivery("no"), lambda: store.put_delivery(delivery("no"))):
        with pytest.raises(NotFound):
            unknown()


def test_noted_time_only_goes_forward(store: SqlRecords) -> None:
    first, later = (START + timedelta(minutes=minutes) for minutes in (3, 5))
    assert store.time_seen() is None
    assert store.note_time(later) is None
    assert store.note_time(first) == later
    assert store.time_seen() == later


def test_what_nobody_can_have_seen_is_written_over(store: SqlRecords) -> None:
    store.note_time(START.replace(year=9999))
    assert store.note_time(START) is None
    assert store.time_seen() == START


def test_how_late_it_was_is_noted_with_each_record(store: SqlRecords) -> None:
    store.open_case(case(7), [draft("a")], Ahead(), SIGNER)
    seen = case(7).opened_at
    assert store.time_seen() == seen
    add(store, "c7", 1, draft("b"))  # earlier
    assert store.time_seen() == seen
    store.add_records([Addition("c7", 2, [draft("c")], Ahead())], LATER, SIGNER)
    assert store.time_seen() == LATER


def test_records_are_found_by_the_places_of_their_leaves(store: SqlRecords) -> None:
    store.open_case(case(1), [draft("a"), draft("b")], Ahead(), SIGNER)
    store.open_case(case(2), [draft("c")], Ahead(), SIGNER)
    every = [*store.records("c1"), *store.records("c2")]
    for start, end in ((0, 3), (1, 3), (0, 0), (2, 9)):
        found = sorted(store.records_at(start, end), key=lambda each: each.index)
        assert found == every[start:end]


def administer(store: SqlRecords, statement: str) -> None:
    with store.database.write() as connection:
        connection.exec_driver_sql(statement)


def trigger(store: SqlRecords, name: str, does: str) -> None:
    """One of this name, in place of one that is there."""
    if store.database.engine.dialect.name == "sqlite":
        administer(store, f"DROP TRIGGER IF EXISTS {name}")
        administer(store, f"CREATE TRIGGER {name} AFTER INSERT ON incident BEGIN {does}; END")
        return
    body = f"BEGIN {does}; RETURN NULL; END"
    made = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS '{body}'"
    administer(store, made)
    on = f"AFTER INSERT ON incident FOR EACH ROW EXECUTE FUNCTION {name}()"
    administer(store, f"CREATE OR REPLACE TRIGGER {name} {on}")


def test_code_of_somebody_elses_is_told_apart_by_what_it_does(store: SqlRecords) -> None:
    assert store.foreign_code() == []
    trigger(store, "mine", "DELETE FROM incident_clock")
    (first,) = store.foreign_code()
    assert first.startswith("mine ")
    assert store.foreign_code() == [first]
    trigger(store, "mine", "DELETE FROM incident_delivery")
    (second,) = store.foreign_code()
    assert second.startswith("mine ")
    assert second != first
    trigger(store, "mine", "DELETE FROM incident_clock")
    found = {*store.foreign_code()}
    assert found == {first}
    if store.database.engine.dialect.name == "postgresql":  # has rules besides
        for does in ("NOTHING", "DELETE FROM incident_clock"):
            made = f"CREATE OR REPLACE RULE r AS ON DELETE TO incident DO INSTEAD {does}"
            administer(store, made)
            found.update(store.foreign_code())
        assert len(found) == 3
