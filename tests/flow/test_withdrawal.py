"""Undo of an answer: what it taught goes with it, and nothing else."""

from __future__ import annotations

import pytest
from tests.flow.house import LEASE, YEET, House, kept, taught, without_harm

from earwitness.errors import JudgementError
from earwitness.flow import judge, withdrawal
from earwitness.model import ItemState, Taught, TermState


def take_back(house: House, utterance: str, who: str = "ada") -> None:
    withdrawal.withdraw(utterance, who, house.now, records=house.records)
    house.carry_out_pending()


def test_a_word_goes_with_the_answer_that_taught_it(house: House) -> None:
    clip, other = kept(house, 0), kept(house, 1)
    house.answer(clip, "yeet that alarm", YEET)
    assert house.records.lexicon().terms["yeet"].state is TermState.LIVE
    assert house.records.item(other).state is ItemState.SETTLED
    take_back(house, clip)
    assert "yeet" not in house.records.lexicon().terms
    assert house.records.item(clip).state is ItemState.WAITING
    assert house.records.item(other).state is ItemState.WAITING
    assert house.text_of(0) == "eat that alarm"


def test_what_is_said_after_that_is_not_blind(house: House) -> None:
    clip = kept(house, 0)
    house.answer(clip, "eat that alarm")
    take_back(house, clip)
    house.answer(clip, "yeet that alarm", YEET)
    (given,) = house.records.judgements(clip)
    assert not given.blind
    assert "yeet" in house.records.lexicon().terms


def test_a_word_that_was_live_before_stays_as_it_was(house: House) -> None:
    house.teaching = without_harm(house.teaching)
    taught(house)
    before = house.records.lexicon().terms["yeet"]
    clip = kept(house, 2)
    house.answer(clip, "yeet the song", Taught("yeet", misheard=("lead",)))
    assert "lead" in house.records.lexicon().terms["yeet"].misheard
    take_back(house, clip)
    assert house.records.lexicon().terms["yeet"] == before


def test_a_word_that_somebody_taught_more_of_stays_theirs(house: House) -> None:
    house.teaching = without_harm(house.teaching)
    clip, other = kept(house, 0), kept(house, 2)
    house.answer(clip, "yeet that alarm", YEET)
    house.answer(other, "yeet the song", Taught("yeet", misheard=("lead",)), by="bob")
    after = house.records.lexicon().terms["yeet"]
    take_back(house, clip)
    assert house.records.lexicon().terms["yeet"] == after


def test_taking_back_waits_for_the_trial(house: House) -> None:
    clip = kept(house, 0)
    assigned = judge.assign("ada", house.now, utterance_id=clip, records=house.records, ttl=LEASE)
    assert assigned
    given = judge.Answer(judge.Verdict.TRANSCRIPT, "yeet that alarm", (YEET,))
    judge.judge(assigned.lease, given, house.now, records=house.records, second_fraction=0.0)
    with pytest.raises(JudgementError, match="being tried"):
        withdrawal.withdraw(clip, "ada", house.now, records=house.records)


def test_killed_in_the_middle_the_step_runs_again(house: House) -> None:
    clip = kept(house, 0)
    house.answer(clip, "yeet that alarm", YEET)
    withdrawal.withdraw(clip, "ada", house.now, records=house.records)
    (event,) = [each for each in house.records.pending() if each.kind == "withdrawn"]
    withdrawal.from_withdrawal(event, house.now, house.teaching)
    revision = house.records.revision()
    withdrawal.from_withdrawal(event, house.now, house.teaching)
    assert house.records.revision() == revision


def test_an_answer_that_teaches_nothing_can_be_taken_back_at_once(house: House) -> None:
    clip = kept(house, 0)
    house.answer(clip, "eat that alarm", carried=False)
    take_back(house, clip)
    assert house.records.item(clip).state is ItemState.WAITING
    assert house.records.pending() == []
