"""From a judgement to a live word, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.flow.house import (
    LEASE,
    REGRESSION,
    SCRIPTS,
    SURE,
    UNSURE,
    YEET,
    House,
    kept,
    open_house,
    taught,
    without_harm,
)

from earwitness.engines.scripted import Reading, Script, ScriptedEngine
from earwitness.errors import LexiconUnsupported, StoreError
from earwitness.flow import lead, lessons, search, steps
from earwitness.flow.lessons import trial_id
from earwitness.flow.readings import Readings
from earwitness.flow.teach import teach
from earwitness.model import (
    Event,
    ItemState,
    Lexicon,
    Taught,
    Term,
    TermState,
    Transcript,
    Trial,
    TrialOutcome,
)
from earwitness.ports import Capabilities

NOT_YET = Script(
    (
        Reading("eat it we are not there yet", -2.0, confidence=UNSURE),
        Reading("eat it we are not there yeet", -6.5, term="yeet", confidence=SURE),
        Reading("yeet it we are not there yet", -6.0, term="yeet", confidence=SURE),
        Reading("yeet it we are not there yeet", -10.5, term="yeet", confidence=SURE),
    )
)
"""A margin of 4 puts the word where it was said, one of 8.5 also where it was not."""
FR_FR = Script(
    (
        Reading("he is late for real for real", -1.0, confidence=UNSURE),
        Reading("he is late fur", -3.0, confidence=UNSURE),
        Reading("he is late fr fr", -40.0, term="fr fr", hidden=True, confidence=SURE),
    )
)
"""The letters are never likely, but what is said for them is always written alike."""


def only_trial(house: House) -> tuple[Trial, TrialOutcome]:
    ((_, trial, outcome),) = house.records.trials()
    return trial, outcome


# --- the loop -----------------------------------------------------------------


def test_a_word_that_was_taught_is_heard_from_the_next_utterance_on(house: House) -> None:
    taught(house)
    trial, outcome = only_trial(house)
    assert outcome is TrialOutcome.LIVE
    assert trial.recognised
    assert trial.clip is not None
    assert (trial.clip.before, trial.clip.after) == ("eat that alarm", "yeet that alarm")
    assert house.text_of(0) == "yeet that alarm"
    term = house.records.lexicon().terms["yeet"]
    assert (term.state, term.taught_by, term.why) == (TermState.LIVE, "ada", "slang")
    assert "eat" in term.misheard


def test_backlog_clips_that_the_word_explains_are_settled_and_say_so(house: House) -> None:
    explained, other = kept(house, 1), kept(house, 3)
    taught(house)
    item = house.records.item(explained)
    assert (item.state, item.closed_because) == (
        ItemState.SETTLED,
        "explained by 'yeet', live in revision 1",
    )
    assert house.records.item(other).state is ItemState.WAITING


def test_a_clip_that_is_still_doubted_after_the_word_waits_for_a_human(house: House) -> None:
    house.teaching = without_harm(house.teaching)
    doubted = kept(house, 2)
    taught(house)
    assert house.text_of(2) == "yeet the song"
    assert house.records.item(doubted).state is ItemState.WAITING


def test_a_clip_that_is_doubted_elsewhere_waits_for_a_human(house: House) -> None:
    doubted = kept(house, 14)
    taught(house)
    trial, _ = only_trial(house)
    assert house.text_of(14) == "poor tea then yeet it"
    assert house.records.item(doubted).state is ItemState.WAITING
    assert trial.settles == (), "the forecast goes by the same rule"


def test_a_clip_whose_doubt_has_no_place_is_settled_by_its_new_reading(tmp_path: Path) -> None:
    class Untimed(ScriptedEngine):
        capabilities = Capabilities(lexicon=True, nbest=True, word_times=False, repeatable=True)

    house = open_house(tmp_path, engine=Untimed(SCRIPTS))
    explained = kept(house, 14)
    taught(house)
    assert house.records.item(explained).state is ItemState.SETTLED


def test_an_audit_clip_is_never_settled_by_a_machine(tmp_path: Path) -> None:
    house = open_house(tmp_path, audit=1.0)
    audited = kept(house, 1)
    taught(house)
    assert house.text_of(1) == "yeet the meeting now"
    assert house.records.item(audited).state is ItemState.WAITING


def test_a_clip_that_somebody_listens_to_is_not_settled_under_their_ears(house: House) -> None:
    leased = kept(house, 1)
    assert house.records.lease("bob", house.now, LEASE, leased) is not None
    taught(house)
    assert house.records.item(leased).state is ItemState.WAITING


def test_clips_that_cannot_be_heard_hold_up_no_lesson(house: House) -> None:
    failing, missing, explained = kept(house, 6), kept(house, 13), kept(house, 1)
    house.hearing.keeper.blobs.delete(house.records.utterance(missing).clip)
    taught(house)
    states = [house.records.item(each).state for each in (failing, missing, explained)]
    assert states == [ItemState.WAITING, ItemState.WAITING, ItemState.SETTLED]


def test_a_clip_that_is_lost_between_trial_and_settling_waits(house: House) -> None:
    class Full:
        """The store, on a disk that has no room for a revision."""

        def __getattr__(self, name: str) -> object:
            return getattr(house.records, name)

        def publish(self, *_: object, **change: object) -> Lexicon:
            raise StoreError("The disk is full.")

    explained = kept(house, 1)
    event = house.answer(kept(house, 0), "yeet that alarm", YEET, carried=False)
    with pytest.raises(StoreError):
        steps.carry_out(event.id, house.now, replace(house.teaching, records=Full()))  # type: ignore[arg-type]
    assert [heard.utterance for heard in only_trial(house)[0].settles] == [explained]
    house.hearing.keeper.blobs.delete(house.records.utterance(explained).clip)
    afresh = replace(house.teaching, readings=Readings(house.teaching.engine))
    steps.carry_out(event.id, house.now, afresh)
    assert house.records.revision() == 1
    assert house.records.item(explained).state is ItemState.WAITING


def test_a_lost_clip_leaves_the_recordings_that_are_measured_on(house: House) -> None:
    house.second_fraction = 1.0
    utterance = kept(house, 3)
    for name in ("ada", "bob"):
        house.answer(utterance, "what time is it", by=name)
    before = len(house.teaching.clips.regression())
    house.hearing.keeper.blobs.delete(house.records.utterance(utterance).clip)
    assert len(house.teaching.clips.regression()) == before - 1


# --- when a judgement teaches -------------------------------------------------


def test_a_first_judgement_waits_for_the_second_listener(house: House) -> None:
    house.second_fraction = 1.0
    utterance = kept(house, 0)
    house.answer(utterance, "yeet that alarm", YEET, by="ada")
    assert house.records.revision() == 0
    house.answer(utterance, "yeet that alarm", by="bob")
    assert house.records.revision() == 1
    assert house.records.lexicon().terms["yeet"].taught_by == "ada"


def test_two_who_disagree_teach_nothing_until_the_adjudicator_does(house: House) -> None:
    house.second_fraction = 1.0
    utterance = kept(house, 0)
    house.answer(utterance, "yeet that alarm", YEET, by="ada")
    house.answer(utterance, "meet that alarm", by="bob")
    assert house.records.revision() == 0
    house.answer(utterance, "yeet that alarm", replace(YEET, why="ruled"), by="carol")
    assert house.records.lexicon().terms["yeet"].why == "ruled"


def test_what_the_adjudicator_did_not_teach_is_not_taught(house: House) -> None:
    house.second_fraction = 1.0
    utterance = kept(house, 0)
    house.answer(utterance, "yeet that alarm", YEET, by="ada")
    house.answer(utterance, "meet that alarm", by="bob")
    house.answer(utterance, "yeet that alarm", by="carol")
    assert house.records.trials() == []


def test_an_unintelligible_clip_teaches_nothing(house: House) -> None:
    house.answer(kept(house, 0), "")
    assert house.records.trials() == []
    assert house.records.pending() == []


# --- gain, harm, limits -------------------------------------------------------


def test_the_margin_is_what_the_clip_needs_and_slack_as_far_as_it_does_no_harm(
    house: House,
) -> None:
    taught(house)
    term = house.records.lexicon().terms["yeet"]
    assert term.margin == 5.0, "the clip needs 3; 4 more would be heard in clip 10"


def test_without_harm_the_margin_has_all_its_slack(house: House) -> None:
    house.teaching = without_harm(house.teaching)
    taught(house)
    assert house.records.lexicon().terms["yeet"].margin == 8.0


def test_the_margin_is_that_of_the_place_where_the_human_heard_the_word(house: House) -> None:
    house.teaching = without_harm(house.with_engine(ScriptedEngine({0: NOT_YET})).teaching)
    house.hearing = replace(house.hearing, engine=house.teaching.engine)
    taught(house, 0, "yeet it we are not there yet")
    trial, _ = only_trial(house)
    assert trial.clip is not None
    assert trial.clip.after == "yeet it we are not there yet"
    assert trial.term.margin == 4.0 + search.SLACKS[1]


def test_what_was_written_for_letters_that_nobody_says_is_how_they_are_spoken(
    house: House,
) -> None:
    house.teaching = without_harm(house.with_engine(ScriptedEngine({0: FR_FR})).teaching)
    house.hearing = replace(house.hearing, engine=house.teaching.engine)
    taught(house, 0, "he is late fr fr", Taught("fr fr"))
    trial, outcome = only_trial(house)
    assert (outcome, trial.recognised) == (TrialOutcome.LIVE, True)
    assert (trial.term.spoken, trial.term.misheard) == (("for real for real",), ("fur",))
    assert house.text_of(0) == "he is late fr fr"


class NeverUnbiased(ScriptedEngine):
    """A recogniser that does not tell what it would have heard without the lexicon."""

    def decode(self, *clip: Any, **how: Any) -> Transcript:
        return replace(super().decode(*clip, **how), unbiased=None)


def test_who_does_not_tell_what_it_hears_unbiased_shows_nothing_about_letters(
    house: House,
) -> None:
    house.teaching = without_harm(house.with_engine(NeverUnbiased({0: FR_FR})).teaching)
    house.hearing = replace(house.hearing, engine=house.teaching.engine)
    taught(house, 0, "he is late fr fr", Taught("fr fr"))
    trial, _ = only_trial(house)
    assert trial.term.spoken == ()
    assert set(trial.term.misheard) == {"for real for real", "fur"}


def test_a_term_over_the_limits_is_held_and_its_harm_is_shown(house: House) -> None:
    taught(house, 13, "this is bussin", Taught("bussin"))
    trial, outcome = only_trial(house)
    assert outcome is TrialOutcome.HELD
    hours = 30 * len(REGRESSION) / 3600
    assert trial.false_accepts_per_hour.value == pytest.approx(1 / hours)
    assert trial.u_wer_change.value > 0
    assert "false accepts per hour" in trial.because
    assert house.records.revision() == 0
    assert house.text_of(13) == "this is bus in"


def test_a_misheard_form_that_does_harm_is_dropped(tmp_path: Path) -> None:
    """ "eat" is heard as yeet wherever it is said; "seat" is nobody's word."""
    scripts = dict(SCRIPTS) | {
        0: Script(
            (
                Reading("eat that alarm", -2.0, confidence=0.2),
                Reading("seat that alarm", -2.5, confidence=0.2),
                Reading("yeet that alarm", -3.0, term="yeet", hidden=True, confidence=0.9),
            )
        ),
        10: Script(
            (
                Reading("we eat at noon", -1.0, confidence=0.9),
                Reading("we yeet at noon", -1.0, term="yeet", hidden=True, confidence=0.9),
            )
        ),
    }
    house = open_house(tmp_path, engine=ScriptedEngine(scripts))
    taught(house)
    trial, outcome = only_trial(house)
    assert outcome is TrialOutcome.LIVE
    assert trial.term.misheard == ("seat",)
    assert trial.recognised


def test_forms_that_somebody_asked_for_are_not_dropped_but_held(tmp_path: Path) -> None:
    scripts = dict(SCRIPTS) | {
        10: Script(
            (
                Reading("we eat at noon", -1.0, confidence=0.9),
                Reading("we yeet at noon", -1.0, term="yeet", hidden=True, confidence=0.9),
            )
        )
    }
    house = open_house(tmp_path, engine=ScriptedEngine(scripts))
    taught(house, 0, "yeet that alarm", Taught("yeet", misheard=("eat",)))
    trial, outcome = only_trial(house)
    assert (outcome, trial.term.misheard) == (TrialOutcome.HELD, ("eat",))


def test_clips_on_which_two_listeners_agree_join_the_regression_set(house: House) -> None:
    before = len(house.teaching.clips.regression())
    house.second_fraction = 1.0
    utterance = kept(house, 3)
    house.answer(utterance, "what time is it", by="ada")
    assert len(house.teaching.clips.regression()) == before
    house.answer(utterance, "what time is it", by="bob")
    clips = house.teaching.clips.regression()
    assert (len(clips), clips[-1].text) == (before + 1, "what time is it")


# --- refusals -----------------------------------------------------------------


def test_a_term_that_cannot_be_honoured_is_refused_with_the_reason(house: House) -> None:
    taught(house, 3, "what time is it", Taught("is"))
    trial, outcome = only_trial(house)
    assert outcome is TrialOutcome.REFUSED
    assert "common word" in trial.because
    assert house.records.pending() == []


def test_an_engine_without_live_terms_refuses_aloud(tmp_path: Path) -> None:
    class Deaf(ScriptedEngine):
        capabilities = Capabilities(lexicon=False, nbest=True, word_times=False, repeatable=True)

        def check(self, term: Term) -> None:
            raise LexiconUnsupported

    house = open_house(tmp_path, engine=Deaf(SCRIPTS))
    taught(house)
    trial, outcome = only_trial(house)
    assert outcome is TrialOutcome.REFUSED
    assert "does not honour live terms" in trial.because


def test_an_event_of_an_unknown_kind_stays_pending(house: House) -> None:
    house.records.add(Event("e1", "from the future", {}, house.now))
    with pytest.raises(StoreError, match="from the future"):
        steps.carry_out("e1", house.now, house.teaching)
    assert [event.id for event in house.records.pending()] == ["e1"]


# --- once, whatever happens ---------------------------------------------------


def test_carrying_out_an_event_again_changes_nothing(house: House) -> None:
    kept(house, 1)
    event = taught(house)
    history, trials = house.records.history(), house.records.trials()
    for _ in range(3):
        steps.carry_out(event.id, house.now, house.teaching)
    assert (house.records.history(), house.records.trials()) == (history, trials)


def test_an_event_that_runs_again_does_not_bring_back_what_was_undone(house: House) -> None:
    event = taught(house)
    lead.undo(0, "lee", "a mistake", house.now, house.teaching)
    steps.carry_out(event.id, house.now, house.teaching)
    assert "yeet" not in house.records.lexicon().terms
    assert house.records.revision() == 2


def test_a_publication_in_between_is_tried_again_on_the_new_base(house: House) -> None:
    class Overtaken:
        """The store, with somebody who publishes just before the first publication."""

        def __init__(self) -> None:
            self.overtaken = False

        def __getattr__(self, name: str) -> object:
            return getattr(house.records, name)

        def publish(self, based_on: int, **change: object) -> Lexicon:
            if not self.overtaken:
                self.overtaken = True
                house.records.publish(
                    house.records.revision(), put=[Term("finna")], by="bob", why="", now=house.now
                )
            return house.records.publish(based_on, **change)  # type: ignore[arg-type]

    utterance = house.records.utterance(kept(house, 0))
    request = lessons.request(
        "e1", YEET, house.now, by="ada", utterance_id=utterance.id, text="yeet that alarm"
    )
    lesson = lessons.of_request(request, records=house.records, clips=house.teaching.clips)
    on = replace(house.teaching, records=Overtaken())  # type: ignore[arg-type]
    trial, outcome = teach(lesson, house.now, on)
    assert (trial.base_revision, outcome) == (1, TrialOutcome.LIVE)
    assert set(house.records.lexicon().terms) == {"finna", "yeet"}
    assert house.records.trial(trial_id("e1", "yeet")) == (trial, outcome)
