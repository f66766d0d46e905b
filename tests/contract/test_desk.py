"""What is kept of listening: who heard what and why, what was passed on, taken back, reported."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.values import MINUTE, START, item, judgement, utterance

from earwitness.errors import JudgementError, LeaseLost, NotFound
from earwitness.listening import Playback
from earwitness.model import ItemState, Lease
from earwitness.stores import SqlRecords, open_store

PLAYED = Playback("p1", "u1", "Ada", "to judge it", START, 2.5)


@pytest.fixture(autouse=True)
def two_clips(store: SqlRecords) -> None:
    store.keep(utterance("u1"), item("u1", 0.9))
    store.keep(utterance("u2"), item("u2", 0.1))


def leased(store: SqlRecords, who: str = "ada", name: str | None = None, **how: str) -> Lease:
    lease = store.lease(who, START, MINUTE, name, **how)
    assert lease
    return lease


def judged(store: SqlRecords, who: str = "ada", state: ItemState = ItemState.CLOSED) -> None:
    store.judge(leased(store, who, "u1"), judgement("u1", who), state, "judged", START)


def test_the_next_clip_is_made_ready_beside_the_one_in_hand(store: SqlRecords) -> None:
    first = leased(store)
    second = leased(store, besides=first.utterance)
    assert (first.utterance, second.utterance) == ("u1", "u2")
    assert leased(store).token == first.token
    assert leased(store, besides="u1").token == second.token
    assert store.lease("bob", START, MINUTE) is None
    assert leased(store, besides="u2").token == first.token  # nobody holds more than two


def test_a_clip_that_was_passed_on_does_not_come_back_by_itself(store: SqlRecords) -> None:
    first = leased(store)
    store.pass_on(first, START)
    assert leased(store).utterance == "u2"
    assert leased(store, "bob").utterance == "u1"
    with pytest.raises(LeaseLost):
        store.pass_on(first, START)
    store.release(leased(store, "bob"))
    assert leased(store, name="u1").utterance == "u1"  # who asks for it gets it
    store.pass_on(leased(store, name="u1"), START)


def test_the_last_word_can_be_taken_back_by_who_said_it(store: SqlRecords, url: str) -> None:
    judged(store, state=ItemState.SECOND)
    judged(store, "bob")
    with pytest.raises(JudgementError, match="not yours"):
        store.withdraw("u1", "ada", START)
    assert not store.has_seen("u1", "bob")
    assert store.withdraw("u1", "bob", START) == judgement("u1", "bob")
    assert store.item("u1").state is ItemState.SECOND
    assert [each.analyst for each in store.judgements("u1")] == ["ada"]
    assert store.has_seen("u1", "bob")
    withdrawn = store.event("withdrawn:u1-by-bob")
    assert withdrawn.payload == {"utterance": "u1", "judgement": "u1-by-bob", "by": "bob"}
    assert store.withdraw("u1", "ada", START) == judgement("u1", "ada")
    kept = store.item("u1")
    assert (kept.state, kept.closed_at, kept.priority) == (ItemState.WAITING, None, 0.9)
    with pytest.raises(JudgementError, match="not yours"):
        store.withdraw("u1", "ada", START)
    again = open_store(url)
    assert again.judgements("u1") == []
    again.close()


def test_nothing_is_taken_back_while_somebody_else_listens(store: SqlRecords) -> None:
    judged(store, state=ItemState.SECOND)
    theirs = leased(store, "bob", "u1")
    with pytest.raises(JudgementError, match="Somebody else"):
        store.withdraw("u1", "ada", START)
    assert [each.analyst for each in store.judgements("u1")] == ["ada"]
    assert not store.has_seen("u1", "ada")
    store.release(theirs)
    store.withdraw("u1", "ada", START)


def test_who_was_shown_the_guess_has_seen_it(store: SqlRecords) -> None:
    lease = leased(store)
    assert not store.has_seen("u1", "ada")
    store.show_guess(lease, START)
    store.show_guess(lease, START + MINUTE)
    assert store.has_seen("u1", "ada")
    assert not store.has_seen("u1", "bob")
    assert not store.has_seen("u2", "ada")


def test_guesses_come_first_where_a_lead_says_so(store: SqlRecords) -> None:
    assert store.guesses_allowed() == {}
    store.allow_guesses("h1", "Lea", "numbers only", START)
    store.allow_guesses("h1", "Lea", "digits only", START + MINUTE)
    assert store.guesses_allowed() == {"h1": ("Lea", "digits only", START + MINUTE)}
    store.forbid_guesses("h1")
    store.forbid_guesses("h1")
    assert store.guesses_allowed() == {}


def test_each_playback_is_kept_with_its_reason(store: SqlRecords, url: str) -> None:
    later = replace(PLAYED, id="p2", at=START + MINUTE, as_recorded=True)
    store.add_playback(later)
    store.add_playback(PLAYED)
    store.played("p1", "Ada", 4.0)
    store.played("p1", "Ada", 3.0)  # what came late says less
    with pytest.raises(NotFound):
        store.played("p1", "Bob", 9.0)
    with pytest.raises(NotFound):
        store.played("p3", "Ada", 9.0)
    again = open_store(url)
    assert again.playbacks("u1") == [replace(PLAYED, played=4.0), later]
    assert again.listened("Ada", START + MINUTE) == [later]
    assert again.listened("Bob", START) == []
    again.close()
