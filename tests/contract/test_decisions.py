"""A decision is written down once, and publishes once, on every store."""

from __future__ import annotations

import pytest
from tests.values import MINUTE, START

from earwitness.errors import NotFound, RevisionConflict
from earwitness.model import Event, Term
from earwitness.stores import SqlRecords

DECISION = Event("e1", "teach", {"taught": "yeet"}, START)


def test_a_decision_is_pending_until_it_is_done_and_is_found_after(store: SqlRecords) -> None:
    store.add(DECISION)
    assert store.pending() == [DECISION]
    store.done("e1", START + MINUTE)
    assert store.pending() == []
    assert store.event("e1") == DECISION


def test_a_decision_added_again_changes_nothing(store: SqlRecords) -> None:
    store.add(DECISION)
    store.done("e1", START + MINUTE)
    store.add(Event("e1", "override", {}, START + MINUTE))
    assert store.pending() == []
    assert store.event("e1") == DECISION


def test_an_unknown_event_is_not_found(store: SqlRecords) -> None:
    with pytest.raises(NotFound, match="e1"):
        store.event("e1")


def test_the_store_says_how_many_wait_and_since_when(store: SqlRecords) -> None:
    assert store.waiting() == (0, None)
    for number, kind in enumerate(("doubted", "teach", "override")):
        store.add(Event(kind, kind, {}, START + number * MINUTE))
    assert store.waiting() == (3, START)
    assert store.waiting(but={"doubted"}) == (2, START + MINUTE)
    store.done("teach", START + MINUTE)
    assert store.waiting(but={"doubted"}) == (1, START + 2 * MINUTE)


def publish(store: SqlRecords, written: str, based_on: int, cause: str | None) -> int:
    term = Term(written)
    return store.publish(based_on, put=[term], by="ada", why="", now=START, cause=cause).revision


def test_a_cause_publishes_once_however_old_its_base_is_by_then(store: SqlRecords) -> None:
    assert publish(store, "yeet", 0, "t1") == 1
    assert publish(store, "finna", 1, "t2") == 2
    assert publish(store, "yeet", 0, "t1") == 1
    assert store.revision() == 2


def test_a_cause_does_not_bring_back_what_was_undone(store: SqlRecords) -> None:
    publish(store, "yeet", 0, "t1")
    store.restore(0, by="lee", why="", now=START)
    assert publish(store, "yeet", 2, "t1") == 1
    assert not store.lexicon().terms


def test_another_cause_on_an_old_base_is_a_conflict(store: SqlRecords) -> None:
    publish(store, "yeet", 0, "t1")
    with pytest.raises(RevisionConflict):
        publish(store, "finna", 0, "t2")
    with pytest.raises(RevisionConflict):
        publish(store, "finna", 0, None)
