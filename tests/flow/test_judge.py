"""Who sees what before they judge, and what an answer leads to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests.flow.house import LEASE, House

from earwitness.errors import JudgementError, LeaseLost
from earwitness.flow import judge
from earwitness.flow.judge import Answer, Assignment, reveal, written
from earwitness.flow.listeners import Agreement, agreement
from earwitness.model import ItemState, Taught, Verdict


def kept(house: House, number: int = 0) -> str:
    utterance = house.hear(number).utterance
    assert utterance is not None
    return utterance


def assigned(house: House, analyst: str = "ada") -> Assignment:
    assignment = judge.assign(analyst, house.now, records=house.records, ttl=LEASE)
    assert assignment is not None
    return assignment


def test_an_assignment_shows_where_to_listen_and_no_word_of_what_was_heard(house: House) -> None:
    kept(house)
    assignment = assigned(house)
    assert [doubt.rule for doubt in assignment.doubts] != []
    assert not any(word in repr(assignment) for word in ("eat", "yeet", "alarm"))


def test_an_empty_queue_assigns_nothing(house: House) -> None:
    assert judge.assign("ada", house.now, records=house.records, ttl=LEASE) is None


def test_the_machines_text_is_refused_until_the_listener_has_judged(house: House) -> None:
    utterance = kept(house)
    with pytest.raises(JudgementError, match="first"):
        reveal(utterance, "ada", records=house.records)
    house.answer(utterance, "yeet that alarm")
    revealed = reveal(utterance, "ada", records=house.records)
    assert revealed.utterance.transcript.text == "eat that alarm"


def test_a_second_listener_is_as_blind_as_the_first(house: House) -> None:
    house.second_fraction = 1.0
    utterance = kept(house)
    house.answer(utterance, "yeet that alarm", by="ada")
    assert house.records.item(utterance).state is ItemState.SECOND
    with pytest.raises(JudgementError):
        reveal(utterance, "bob", records=house.records)
    assert reveal(utterance, "ada", records=house.records).judgements[0].analyst == "ada"


def test_an_adjudicator_sees_both_judgements_and_the_machine(house: House) -> None:
    house.second_fraction = 1.0
    utterance = kept(house)
    house.answer(utterance, "yeet that alarm", by="ada")
    house.answer(utterance, "meet that alarm", by="bob")
    revealed = reveal(utterance, "carol", records=house.records)
    assert [each.text for each in revealed.judgements] == ["yeet that alarm", "meet that alarm"]
    house.answer(utterance, "yeet that alarm", by="carol")
    assert house.records.item(utterance).state is ItemState.CLOSED
    assert [each.blind for each in house.records.judgements(utterance)] == [True, True, False]


def test_a_late_answer_is_refused_and_nothing_is_written(house: House) -> None:
    utterance = kept(house)
    assignment = assigned(house)
    house.now += LEASE + timedelta(seconds=1)
    with pytest.raises(LeaseLost):
        judge.judge(
            assignment.lease,
            Answer(Verdict.TRANSCRIPT, "yeet that alarm"),
            house.now,
            records=house.records,
            second_fraction=0.0,
        )
    assert house.records.judgements(utterance) == []
    assert "judged" not in [event.kind for event in house.records.pending()]


def test_an_answer_that_contradicts_itself_leaves_the_lease_as_it_is(house: House) -> None:
    kept(house)
    assignment = assigned(house)

    def answer(given: Answer) -> None:
        judge.judge(assignment.lease, given, house.now, records=house.records, second_fraction=0.0)

    with pytest.raises(JudgementError):
        answer(Answer(Verdict.NO_SPEECH, "but there is a text"))
    with pytest.raises(JudgementError, match="yeet"):
        answer(Answer(Verdict.TRANSCRIPT, "eat that", (Taught("yeet"),)))
    answer(Answer(Verdict.TRANSCRIPT, "yeet that alarm"))


# --- how far listeners agree --------------------------------------------------


def test_agreement_is_of_the_first_two_who_listened_blind(house: House) -> None:
    house.second_fraction = 1.0
    alike, apart = kept(house, 0), kept(house, 1)
    for utterance, second in ((alike, "yeet that alarm"), (apart, "")):
        house.answer(utterance, "yeet that alarm", by="ada")
        house.answer(utterance, second, by="bob")
    house.answer(apart, "just yeet the meeting", by="carol")  # sees everything, so not blind
    found = agreement(house.records.heard_twice())
    assert (found.clips, found.agreed, found.words) == (2, 1, 1.0)
    assert found.kappa == 0.0
    assert found.alpha is not None


def test_who_listened_alone_agrees_with_nobody(house: House) -> None:
    house.answer(kept(house, 0), "yeet that alarm", by="ada")
    assert house.records.heard_twice() == []
    assert agreement([]) == Agreement(0, 0, None, None, None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("turn on the [yeet now", "In 'turn on the [yeet now' the [ has no ] after it"),
        ("yeet] that", "the ] has no [ before it"),
        ("say [[yeet]] now", "the second [ opens before the first is closed"),
        ("say [yeet [that]", "the second [ opens before the first is closed"),
        ("say [ ] now", "the brackets are around no word"),
    ],
)
def test_a_bracket_that_is_wrong_is_named(line: str, said: str) -> None:
    with pytest.raises(JudgementError, match=re.escape(said)):
        written(line)
