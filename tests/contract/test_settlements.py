"""What a term settled waits again when the term goes, in the same transaction."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.values import MINUTE, START, item, judgement, transcript, utterance

from earwitness.errors import NotFound
from earwitness.model import ItemState, Term
from earwitness.stores import SqlRecords, open_store

WAITING, SETTLED = ItemState.WAITING, ItemState.SETTLED


def publish(store: SqlRecords, *put: Term, retire: tuple[str, ...] = ()) -> int:
    base = store.revision()
    return store.publish(base, put=put, retire=retire, by="ada", why="", now=START).revision


def undo(store: SqlRecords, revision: int) -> int:
    return store.restore(revision, by="lee", why="", now=START).revision


def settled(store: SqlRecords, name: str, *terms: str, revision: int | None = None) -> bool:
    """Keeps an utterance where it is new, and settles it by the newest revision."""
    store.keep(utterance(name), item(name, 0.25))
    heard = transcript("yeet that", store.revision() if revision is None else revision)
    return store.settle(name, heard, "explained", START + MINUTE, terms)


def state(store: SqlRecords, name: str) -> ItemState:
    return store.item(name).state


def test_undo_puts_back_what_the_term_settled_as_it_was(store: SqlRecords, url: str) -> None:
    publish(store, Term("yeet"))
    assert settled(store, "u1", "yeet")
    number = undo(store, 0)
    assert store.item("u1") == item("u1", 0.25)
    assert store.reopened(number) == ["u1"]
    again = open_store(url)
    assert (again.item("u1"), again.reopened(number)) == (item("u1", 0.25), ["u1"])
    again.close()
    lease = store.lease("ada", START, MINUTE)
    assert lease is not None
    store.judge(lease, judgement("u1"), ItemState.CLOSED, "judged", START)


def test_retiring_puts_back_what_this_term_settled_and_nothing_else(store: SqlRecords) -> None:
    publish(store, Term("Yeet"), Term("finna"))
    assert settled(store, "u1", "Yeet")
    assert settled(store, "u2", "finna")
    assert settled(store, "u3", "finna", "yeet")
    number = publish(store, retire=("yeet",))
    assert [state(store, name) for name in ("u1", "u2", "u3")] == [WAITING, SETTLED, WAITING]
    assert store.reopened(number) == ["u1", "u3"]
    assert undo(store, 0) == number + 1
    assert store.reopened(number + 1) == ["u2"]
    assert store.reopened(number) == ["u1", "u3"]


def test_what_was_settled_before_the_revision_that_comes_back_stays(store: SqlRecords) -> None:
    publish(store, Term("yeet"))
    settled(store, "u1", "yeet")
    publish(store, Term("finna"))
    settled(store, "u2", "yeet")
    settled(store, "u3", "finna")
    number = undo(store, 1)
    assert [state(store, name) for name in ("u1", "u2", "u3")] == [SETTLED, SETTLED, WAITING]
    assert store.reopened(number) == ["u3"]


def test_what_only_the_newer_version_of_a_term_settled_waits_again(store: SqlRecords) -> None:
    publish(store, Term("yeet"))
    settled(store, "u1", "yeet")
    publish(store, Term("yeet", misheard=("eat",)))
    assert state(store, "u1") is SETTLED, "the newer version hears it too"
    settled(store, "u2", "yeet")
    undo(store, 1)
    assert [state(store, name) for name in ("u1", "u2")] == [SETTLED, WAITING]


def test_undoing_to_the_newest_puts_nothing_back(store: SqlRecords) -> None:
    publish(store, Term("yeet"))
    settled(store, "u1", "yeet")
    assert store.reopened(undo(store, 1)) == []
    assert state(store, "u1") is SETTLED


@pytest.mark.parametrize(
    "narrower",
    [
        Term("yeet", misheard=("eat",), margin=4.0),
        Term("yeet", misheard=("eat",), spoken=("yeat",)),
        Term("yeet", spoken=("yeat",), margin=4.0),
        Term("yeet", spoken=("yeat",), misheard=("eat",), margin=3.9),
        Term("yeet", spoken=("yeat",), misheard=("eat",), margin=4.0, weight=0.5),
        Term("yeet", spoken=("yeat",), misheard=("eat",), margin=4.0, scope="household:7"),
    ],
)
def test_a_narrower_version_puts_back_what_the_wider_one_settled(
    store: SqlRecords, narrower: Term
) -> None:
    publish(store, Term("yeet", spoken=("yeat",), misheard=("eat",), margin=4.0))
    settled(store, "u1", "yeet")
    number = publish(store, narrower)
    assert (state(store, "u1"), store.reopened(number)) == (WAITING, ["u1"])


def test_a_wider_version_puts_nothing_back(store: SqlRecords) -> None:
    old = Term("yeet", misheard=("eat",), margin=4.0, scope="household:7")
    publish(store, old)
    settled(store, "u1", "yeet")
    for new in (
        replace(old, misheard=("it", "eat")),
        replace(old, misheard=("it", "eat"), margin=5.0),
        replace(old, misheard=("it", "eat"), margin=5.0, scope="everywhere"),
    ):
        assert store.reopened(publish(store, new)) == []
    assert state(store, "u1") is SETTLED


def test_what_waits_again_can_be_settled_and_put_back_again(store: SqlRecords) -> None:
    for _ in range(2):
        publish(store, Term("yeet"))
        assert settled(store, "u1", "yeet")
        assert store.reopened(undo(store, 0)) == ["u1"]


def test_nothing_is_settled_by_a_term_that_is_gone_or_was_changed(store: SqlRecords) -> None:
    first = publish(store, Term("yeet"))
    undo(store, 0)
    assert not settled(store, "u1", "yeet", revision=first)
    third = publish(store, Term("yeet"))
    assert not settled(store, "u1", "yeet", revision=first)
    assert settled(store, "u1", "yeet", revision=third)
    with pytest.raises(NotFound):
        store.settle("nobody", transcript("yeet", third), "", START, ["yeet"])


def test_what_a_human_judged_is_never_put_back(store: SqlRecords) -> None:
    publish(store, Term("yeet"))
    store.keep(utterance("u1"), item("u1"))
    lease = store.lease("ada", START, MINUTE)
    assert lease is not None
    store.judge(lease, judgement("u1"), ItemState.CLOSED, "judged", START)
    assert not settled(store, "u1", "yeet")
    undo(store, 0)
    assert state(store, "u1") is ItemState.CLOSED


def test_a_publication_that_fails_puts_nothing_back(store: SqlRecords) -> None:
    publish(store, Term("yeet"))
    settled(store, "u1", "yeet")
    with pytest.raises(NotFound):
        publish(store, retire=("yeet", "never"))
    with pytest.raises(NotFound):
        undo(store, 7)
    assert state(store, "u1") is SETTLED


def test_however_an_undo_and_a_settlement_meet_nothing_stays_closed(
    store: SqlRecords, url: str
) -> None:
    other = open_store(url)
    for number in range(30):
        name, revision = f"u{number}", publish(store, Term("yeet"))
        store.keep(utterance(name), item(name))
        start = threading.Barrier(2)

        def settle(
            name: str = name, revision: int = revision, start: threading.Barrier = start
        ) -> None:
            start.wait()
            other.settle(name, transcript("yeet", revision), "explained", START, ["yeet"])

        thread = threading.Thread(target=settle)
        thread.start()
        start.wait()
        undo(store, 0)
        thread.join()
        assert state(store, name) is WAITING
    other.close()
