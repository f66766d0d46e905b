"""What is watched for, findings and blind tests, on either database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.values import MINUTE, START, item, utterance

from earwitness.errors import AlreadyJudged, NotFound, RevisionConflict
from earwitness.examining import BlindAnswer, BlindTest, CalledOff, FindingVersion
from earwitness.stores import SqlRecords

FIRST = FindingVersion("f1", 1, "u1", "Ada", START, '{"question": "who screams?"}')
PIECES = ((0.0, 1.25), (1.25, 2.4))
TEST = BlindTest("b1", "f1", "u1", b"seed", '{"chain": 1}', PIECES, ("Cy", "Bob"), "Ada", START)


@pytest.fixture(autouse=True)
def a_clip(store: SqlRecords) -> None:
    store.keep(utterance("u1"), item("u1", 0.9))


def test_nothing_is_watched_for_unless_it_is_chosen(store: SqlRecords) -> None:
    assert store.watched() == {}
    store.watch("elm-12", ["scream", "glass", "scream"], "Ada", START)
    store.watch("oak-3", ["alarm"], "Ada", START)
    assert store.watched() == {"elm-12": {"scream", "glass"}, "oak-3": {"alarm"}}
    store.watch("elm-12", ["glass"], "Ada", START + MINUTE)
    store.watch("oak-3", [], "Ada", START + MINUTE)
    assert store.watched() == {"elm-12": {"glass"}}


def test_a_version_of_a_finding_stays_when_the_next_is_written(store: SqlRecords) -> None:
    second = replace(FIRST, number=2, by="Bob", at=START + MINUTE, content="{}", replay="{1}")
    store.add_finding(FIRST)
    store.add_finding(second)
    assert store.finding("f1") == [FIRST, second]
    other = replace(FIRST, finding="f2", at=START - MINUTE)
    store.add_finding(other)
    assert store.findings("u1") == [other, second]
    assert store.findings("u2") == []


def test_what_was_written_last_comes_first(store: SqlRecords) -> None:
    assert store.newest_findings(10) == []
    other = replace(FIRST, finding="f2", at=START + MINUTE)
    again = replace(FIRST, number=2, at=START + 2 * MINUTE)
    for each in (FIRST, other, again):
        store.add_finding(each)
    assert store.newest_findings(10) == [again, other]
    assert store.newest_findings(1) == [again]


def test_of_two_who_write_at_once_one_is_told(store: SqlRecords) -> None:
    store.add_finding(FIRST)
    for number in (1, 3):
        with pytest.raises(RevisionConflict, match="load it again"):
            store.add_finding(replace(FIRST, number=number, by="Bob"))
    assert store.finding("f1") == [FIRST]


def test_what_is_not_there_is_said(store: SqlRecords) -> None:
    with pytest.raises(NotFound, match="finding"):
        store.finding("f1")
    with pytest.raises(NotFound, match="blind test"):
        store.blind_test("b1")


def test_what_was_heard_blind_is_written_once(store: SqlRecords) -> None:
    store.add_blind_test(TEST)
    assert store.blind_test("b1") == TEST
    assert store.blind_tests("f1") == [TEST]
    heard = BlindAnswer("b1", "Bob", "X", "help me", START + MINUTE)
    store.add_blind_answer(heard)
    other = replace(heard, label="Y", text="", at=START + 2 * MINUTE)
    store.add_blind_answer(other)
    with pytest.raises(AlreadyJudged):
        store.add_blind_answer(replace(heard, text="held me"))
    assert store.blind_answers("b1") == [heard, other]


def test_a_test_is_called_off_once(store: SqlRecords) -> None:
    other = replace(TEST, id="b2", at=START + MINUTE)
    for each in (TEST, other):
        store.add_blind_test(each)
    ended = CalledOff("b1", "Ada", START + MINUTE, "Bob left")
    store.call_off(ended)
    with pytest.raises(RevisionConflict, match="already"):
        store.call_off(replace(ended, why="another reason"))
    assert store.blind_test("b1") == replace(TEST, called_off=ended)
    assert store.blind_tests("f1") == [replace(TEST, called_off=ended), other]


def test_whose_turn_it_is_stays_and_who_waits_is_found(store: SqlRecords) -> None:
    later = replace(TEST, id="b2", finding="f2", listeners=("Bob", "Dee"), at=START + MINUTE)
    for each in (later, TEST):
        store.add_blind_test(each)
    assert store.blind_tests("f1") == [TEST]
    assert store.blind_tests_of("Bob") == [TEST, later]
    assert store.blind_tests_of("Cy") == [TEST]
    assert store.blind_tests_of("Ada") == []
