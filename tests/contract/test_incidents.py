"""Cases and the log, on every store: one transaction, one order, nothing twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.values import START, item, utterance

from earwitness.case import Draft, Kind
from earwitness.errors import NotFound, RevisionConflict
from earwitness.evidence import merkle
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.records import changes
from earwitness.ports import CaseRow
from earwitness.stores import SqlRecords, open_store


def sign(head: Checkpoint) -> str:
    return str(Checkpoint("test", head.size, head.root))


def draft(heard: str, salt: bytes = b"s" * 32) -> Draft:
    return Draft(Kind.REPORTED, {"heard": heard, "n": [1, True, None, "\u20ac"]}, salt)


def case(number: int) -> CaseRow:
    return CaseRow(f"c{number}", bytes([number]) * 32, START + timedelta(seconds=number))


def root(store: SqlRecords) -> bytes:
    return merkle.part_from_nodes(store.log_node, 0, store.log_size())


def test_a_case_its_leaves_and_the_head_are_kept_together(store: SqlRecords) -> None:
    assert (store.log_size(), store.checkpoint(), store.cases()) == (0, "", [])
    first = store.open_case(case(1), [draft("a"), draft("b"), draft("c")], sign)
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
    assert store.checkpoint() == str(Checkpoint("test", 3, root(store)))
    assert store.checkpoint(3) == store.checkpoint()
    assert store.checkpoint(2) == ""
    store.put_checkpoint(3, "with more signatures")
    assert store.checkpoint() == "with more signatures"
    with pytest.raises(NotFound):
        store.put_checkpoint(4, "none")


def test_the_same_code_opens_one_case(store: SqlRecords) -> None:
    store.open_case(case(1), [draft("a")], sign)
    again = CaseRow("another", case(1).code_hash, START)
    assert store.open_case(again, [draft("b")], sign) == case(1)
    assert store.log_size() == 1
    assert store.case_of(case(1).code_hash) == case(1)
    assert store.case_of(b"x" * 32) is None


def test_records_are_added_to_what_is_there_and_nothing_else(store: SqlRecords) -> None:
    store.open_case(case(1), [draft("a")], sign)
    store.open_case(case(2), [draft("b")], sign)
    store.add_records("c1", 1, [draft("c"), draft("d")], START, sign)
    assert [each.index for each in store.records("c1")] == [0, 2, 3]
    assert store.cases() == [case(2), case(1)]
    for number in (0, 1, 2, 4):
        with pytest.raises(RevisionConflict):
            store.add_records("c1", number, [draft("e")], START, sign)
    with pytest.raises(NotFound):
        store.add_records("none", 0, [draft("e")], START, sign)
    with pytest.raises(NotFound):
        store.records("none")
    for wanted in (lambda: store.log_leaf(4), lambda: store.log_node(1, 2)):
        with pytest.raises(NotFound):
            wanted()
    assert store.log_size() == 4


def test_what_cannot_be_signed_is_not_kept(store: SqlRecords) -> None:
    def broken(head: Checkpoint) -> str:
        raise ValueError("no key")

    store.open_case(case(1), [draft("a")], sign)
    before = (store.log_size(), store.checkpoint(), root(store))
    with pytest.raises(ValueError, match="no key"):
        store.open_case(case(2), [draft("b")], broken)
    with pytest.raises(ValueError, match="no key"):
        store.add_records("c1", 1, [draft("b")], START, broken)
    assert (store.log_size(), store.checkpoint(), root(store)) == before
    assert store.case_of(case(2).code_hash) is None


def test_writers_at_once_give_one_log(url: str, store: SqlRecords) -> None:
    """Each with connections of its own; a reader sees heads that only grow."""
    others = [open_store(url) for _ in range(4)]

    def write(number: int) -> None:
        for turn in range(5):
            name = number * 10 + turn + 1
            others[number].open_case(case(name), [draft(f"{name}"), draft("x")], sign)

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
