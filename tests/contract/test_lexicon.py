"""What every store promises about revisions of the lexicon, and about trials."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import strategies
from tests.values import MINUTE, START, trial

from earwitness.errors import NotFound, RevisionConflict, StoreError, TermRefused
from earwitness.model import Lexicon, Term, TermState, Trial, TrialOutcome
from earwitness.stores import PolledLexicon, SqlRecords, open_store

ALL_FIELDS = Term(
    "Xochitl",
    spoken=("so chill",),
    misheard=("social", "so she'll"),
    scope="household:7",
    weight=1.5,
    margin=-2.25,
    state=TermState.LIVE,
    taught_by="ada",
    utterance="u1",
    why="a name",
    taught_at=START,
)


def publish(store: SqlRecords, *put: str | Term, retire: tuple[str, ...] = ()) -> Lexicon:
    terms = [Term(each) if isinstance(each, str) else each for each in put]
    return store.publish(store.revision(), put=terms, retire=retire, by="ada", why="", now=START)


def undo(store: SqlRecords, revision: int) -> Lexicon:
    return store.restore(revision, by="ada", why="undo", now=START)


def same(one: Lexicon, other: Lexicon) -> bool:
    """Number, terms, and the order in which they are listed."""
    return (one.revision, list(one.terms.items())) == (other.revision, list(other.terms.items()))


def test_before_the_first_publication_the_lexicon_is_empty(store: SqlRecords) -> None:
    assert store.revision() == 0
    assert same(store.lexicon(), Lexicon())
    assert store.history() == []


def test_a_published_term_is_read_back_whole(store: SqlRecords, url: str) -> None:
    published = publish(store, ALL_FIELDS)
    assert (published.revision, store.revision()) == (1, 1)
    assert published.terms == {"xochitl": ALL_FIELDS}
    again = open_store(url)
    assert same(again.lexicon(), published)
    again.close()


def test_what_is_put_is_live_whatever_it_was(store: SqlRecords) -> None:
    lexicon = publish(store, Term("yeet", state=TermState.TRIAL))
    assert lexicon.terms["yeet"].state is TermState.LIVE


@given(put=st.lists(strategies.terms, max_size=4, unique_by=lambda term: term.key))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_terms_are_read_back(store: SqlRecords, put: list[Term]) -> None:
    named = [term for term in put if term.key]
    lexicon = publish(store, *named)
    for term in named:
        assert lexicon.terms[term.key] == replace(term, state=TermState.LIVE)


def test_one_term_has_one_entry_however_it_is_written(store: SqlRecords) -> None:
    publish(store, "Yeet")
    lexicon = publish(store, Term("  YEET ", weight=2.0))
    assert [(key, term.weight) for key, term in lexicon.terms.items()] == [("yeet", 2.0)]
    assert publish(store, retire=("yEEt",)).terms == {}


def test_an_older_revision_stays_as_it_was(store: SqlRecords, url: str) -> None:
    publish(store, "one", "two")
    publish(store, Term("two", weight=2.0), "three", retire=("one",))
    publish(store, "one")
    expected = {
        0: [],
        1: [("one", 1.0), ("two", 1.0)],
        2: [("three", 1.0), ("two", 2.0)],
        3: [("three", 1.0), ("two", 2.0), ("one", 1.0)],
    }
    again = open_store(url)
    for records in (store, again):
        for number in (3, 1, 2, 0):
            terms = records.lexicon(number).terms.values()
            assert [(term.written, term.weight) for term in terms] == expected[number]
    again.close()


def test_the_same_revision_is_the_same_object(store: SqlRecords) -> None:
    published = publish(store, "yeet")
    assert store.lexicon() is store.lexicon(1) is published


def test_a_lexicon_cannot_be_changed(store: SqlRecords) -> None:
    with pytest.raises(TypeError):
        publish(store, "yeet").terms["other"] = Term("other")


def test_publishing_on_an_old_revision_is_refused(store: SqlRecords) -> None:
    publish(store, "one")
    for stale in (0, 2, -1):
        with pytest.raises(RevisionConflict, match=str(stale)):
            store.publish(stale, put=[Term("two")], by="bob", why="", now=START)
    assert list(store.lexicon().terms) == ["one"]


def test_what_cannot_be_published_leaves_everything_as_it_was(store: SqlRecords) -> None:
    publish(store, "one")
    with pytest.raises(TermRefused, match="written form"):
        publish(store, "two", " ")
    with pytest.raises(TermRefused, match="two"):
        publish(store, "two", "Two")
    with pytest.raises(TermRefused, match="one"):
        publish(store, "one", retire=("one",))
    with pytest.raises(NotFound, match="never"):
        publish(store, "two", retire=("never",))
    with pytest.raises(StoreError, match="finite"):
        publish(store, Term("two", weight=float("nan")))
    assert store.revision() == 1
    assert list(store.lexicon().terms) == ["one"]


def test_undo_publishes_the_older_terms_under_a_new_number(store: SqlRecords, url: str) -> None:
    first = publish(store, ALL_FIELDS, "one")
    second = publish(store, Term("one", weight=2.0), "two", retire=("xochitl",))
    undone = undo(store, 1)
    assert (undone.revision, undone.terms) == (3, first.terms)
    redone = undo(store, 2)
    assert (redone.revision, redone.terms) == (4, second.terms)
    assert undo(store, 0).terms == {}
    again = open_store(url)
    assert same(again.lexicon(3), undone)
    assert same(again.lexicon(4), redone)
    again.close()


def test_undoing_to_the_newest_is_a_new_number_with_the_same_terms(store: SqlRecords) -> None:
    published = publish(store, "one")
    assert undo(store, 1).terms == published.terms
    assert store.revision() == 2


def test_what_was_never_published_is_not_found(store: SqlRecords) -> None:
    publish(store, "one")
    for number in (-1, 2):
        with pytest.raises(NotFound, match=str(number)):
            store.lexicon(number)
        with pytest.raises(NotFound, match=str(number)):
            undo(store, number)
    assert store.revision() == 1


def test_history_says_who_and_why_newest_first(store: SqlRecords) -> None:
    store.publish(0, put=[Term("one")], by="ada", why="heard often", now=START)
    store.restore(0, by="bob", why="too eager", now=START + MINUTE)
    assert store.history() == [
        (2, START + MINUTE, "bob", "too eager"),
        (1, START, "ada", "heard often"),
    ]
    assert len(store.history(limit=1)) == 1


operation = st.one_of(
    st.tuples(
        st.just("publish"),
        st.dictionaries(st.sampled_from("abcde"), st.floats(0, 9), max_size=3),
        st.sets(st.sampled_from("abcde"), max_size=2),
    ),
    st.tuples(st.just("restore"), st.integers(0, 9), st.none()),
)


@given(operations=st.lists(operation, max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_reads_like_a_list_of_dictionaries(
    store: SqlRecords, url: str, operations: list[tuple[str, Any, Any]]
) -> None:
    base = undo(store, 0).revision
    model: list[dict[str, float]] = [{}]
    for kind, what, gone in operations:
        if kind == "restore":
            number = what % len(model)
            undo(store, base + number)
            model.append(model[number])
        else:
            retire = (gone & model[-1].keys()) - what.keys()
            put = [Term(key, weight=weight) for key, weight in what.items()]
            publish(store, *put, retire=tuple(retire))
            kept = {key: weight for key, weight in model[-1].items() if key not in retire}
            model.append(kept | what)
    fresh = open_store(url)
    for number, terms in enumerate(model, start=base):
        for records in (store, fresh):
            read = records.lexicon(number).terms
            assert {key: term.weight for key, term in read.items()} == terms
        assert same(store.lexicon(number), fresh.lexicon(number))
    fresh.close()


def test_of_two_who_publish_at_once_one_is_refused(store: SqlRecords, url: str) -> None:
    other = open_store(url)
    outcomes: list[str] = []
    for number in range(20):
        start = threading.Barrier(2)

        def attempt(
            records: SqlRecords, name: str, number: int = number, start: threading.Barrier = start
        ) -> None:
            start.wait()
            try:
                records.publish(number, put=[Term(f"{name}{number}")], by=name, why="", now=START)
                outcomes.append("published")
            except RevisionConflict:
                outcomes.append("refused")

        threads = [
            threading.Thread(target=attempt, args=pair) for pair in ((store, "a"), (other, "b"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes.count("published") == outcomes.count("refused") == 20
    assert (store.revision(), len(store.lexicon().terms)) == (20, 20)
    other.close()


# --- who looks before each utterance ----------------------------------------


def test_what_this_process_publishes_is_heard_at_once(store: SqlRecords) -> None:
    source = PolledLexicon(store, lambda: 0.0)
    assert source.current().revision == 0
    published = publish(store, "yeet")
    assert source.current() is published


def test_what_another_process_publishes_is_heard_after_the_interval(
    store: SqlRecords, url: str
) -> None:
    now = 10.0
    other = open_store(url)
    source = PolledLexicon(store, lambda: now, interval=0.2)
    published = publish(other, "yeet")
    assert source.current().revision == 0
    now += 0.2
    assert same(source.current(), published)
    other.close()


# --- trials -----------------------------------------------------------------


def test_a_trial_is_read_back_and_takes_a_later_outcome(store: SqlRecords) -> None:
    store.save_trial("t1", trial(), TrialOutcome.HELD, START)
    assert store.trial("t1") == (trial(), TrialOutcome.HELD)
    store.save_trial("t1", trial(), TrialOutcome.LIVE, START + MINUTE)
    assert store.trials() == [("t1", trial(), TrialOutcome.LIVE)]
    with pytest.raises(NotFound, match="t2"):
        store.trial("t2")


def test_trials_can_be_asked_for_by_term(store: SqlRecords) -> None:
    store.save_trial("t1", trial("Yeet"), TrialOutcome.REFUSED, START)
    store.save_trial("t2", trial("mocha"), TrialOutcome.LIVE, START)
    store.save_trial("t3", trial("YEET"), TrialOutcome.LIVE, START)
    assert [each[0] for each in store.trials("yeet")] == ["t1", "t3"]
    assert [each[0] for each in store.trials()] == ["t1", "t2", "t3"]


def test_trials_can_be_asked_for_by_the_utterance_that_taught(store: SqlRecords) -> None:
    for name, utterance in (("t1", "u1"), ("t2", "u2"), ("t3", "u1"), ("t4", None)):
        tried = trial("yeet" if name == "t1" else "mocha")
        tried = replace(tried, term=replace(tried.term, utterance=utterance))
        store.save_trial(name, tried, TrialOutcome.HELD, START)
    assert [each[0] for each in store.trials(utterance="u1")] == ["t1", "t3"]
    assert [each[0] for each in store.trials("yeet", utterance="u1")] == ["t1"]
    assert store.trials(utterance="u3") == []


@given(anything=strategies.trials)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_trial_is_read_back(store: SqlRecords, anything: Trial) -> None:
    store.save_trial("t1", anything, TrialOutcome.HELD, START)
    assert store.trial("t1") == (anything, TrialOutcome.HELD)
