"""Teaching what is live already, or was judged, or belongs to somebody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.flow.house import START, House, kept, taught, without_harm

from earwitness.errors import InputError, TermRefused
from earwitness.flow import lessons
from earwitness.flow.teach import teach
from earwitness.model import ItemState, Source, Taught, Term, Trial, TrialOutcome

YEET = Taught("yeet")


@pytest.fixture
def harmless(house: House) -> House:
    house.teaching = without_harm(house.teaching)
    return house


def requested(
    house: House, wanted: Taught, utterance: str | None = None, text: str = ""
) -> tuple[Trial, TrialOutcome]:
    event = lessons.request(
        f"e{len(house.records.trials())}",
        wanted,
        house.now,
        by="lee",
        utterance_id=utterance,
        text=text,
    )
    lesson = lessons.of_request(event, records=house.records, clips=house.teaching.clips)
    return teach(lesson, house.now, house.teaching)


def live(house: House, written: str = "yeet") -> Term:
    return house.records.lexicon().terms[written]


# --- again --------------------------------------------------------------------


def test_teaching_a_live_word_again_adds_to_it(house: House) -> None:
    house.teaching = without_harm(house.teaching)
    house.records.publish(0, put=[Term("Yeet", misheard=("yay",))], by="bob", why="", now=house.now)
    house.records.publish(1, retire=["yeet"], by="bob", why="", now=house.now)
    taught(house)
    house.answer(kept(house, 2), "yeet the song", Taught("yeet", misheard=("lead",)))
    assert set(house.records.lexicon().terms["yeet"].misheard) >= {"eat", "lead"}


def test_a_live_word_taught_again_as_it_is_makes_no_new_revision(harmless: House) -> None:
    requested(harmless, Taught("yeet", misheard=("yay",)))
    before = live(harmless)
    for wanted in (YEET, Taught("yeet", misheard=("yay",)), Taught("yeet", spoken=())):
        trial, outcome = requested(harmless, wanted)
        assert outcome is TrialOutcome.LIVE
        assert "live already" in trial.because
    assert harmless.records.revision() == 1
    assert live(harmless) == before


def test_a_word_that_an_override_made_live_is_not_held_when_taught_again(house: House) -> None:
    house.records.publish(0, put=[Term("bussin")], by="lee", why="", now=house.now)
    trial, outcome = requested(house, Taught("bussin"))
    assert (outcome, trial.false_accepts_per_hour.value) == (TrialOutcome.LIVE, 0.0)
    assert house.records.revision() == 1


def test_the_same_clip_again_adds_nothing(harmless: House) -> None:
    utterance = kept(harmless, 0)
    requested(harmless, YEET, utterance, "yeet that alarm")
    before = live(harmless)
    trial, outcome = requested(harmless, YEET, utterance, "yeet that alarm")
    assert (outcome, harmless.records.revision()) == (TrialOutcome.LIVE, 1)
    assert "live already" in trial.because
    assert trial.recognised
    assert live(harmless) == before


def test_another_form_makes_a_new_revision_and_the_old_forms_stay(harmless: House) -> None:
    requested(harmless, Taught("yeet", misheard=("yay",), spoken=("yeat",)))
    requested(harmless, Taught("yeet", misheard=("heat",)))
    assert harmless.records.revision() == 2
    assert (live(harmless).misheard, live(harmless).spoken) == (("yay", "heat"), ("yeat",))


@pytest.mark.parametrize("first", [0, 2])
def test_of_two_clips_the_wider_margin_stays_whichever_came_first(
    harmless: House, first: int
) -> None:
    """Clip 0 needs 3 nats, and clip 2 needs 5; each gets its slack of 5."""
    texts = {0: "yeet that alarm", 2: "yeet the song"}
    clips = {number: kept(harmless, number) for number in texts}
    for number in (first, 2 - first):
        requested(harmless, YEET, clips[number], texts[number])
    assert live(harmless).margin == 10.0
    assert set(live(harmless).misheard) >= {"eat", "lead"}


def test_what_an_earlier_version_settled_stays_settled_when_the_word_is_taught_again(
    harmless: House,
) -> None:
    clip, explained = kept(harmless, 0), kept(harmless, 1)
    requested(harmless, YEET)
    assert harmless.records.item(explained).state is ItemState.SETTLED
    requested(harmless, YEET, clip, "yeet that alarm")
    assert harmless.records.revision() == 2
    assert harmless.records.item(explained).state is ItemState.SETTLED


# --- scopes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "then"),
    [
        ("everywhere", "household:7", "everywhere"),
        ("household:7", "everywhere", "everywhere"),
        ("household:7", "household:7", "household:7"),
        ("locale:en-GB", "locale:en_gb", "locale:en-GB"),
    ],
)
def test_teaching_for_another_scope_widens_and_never_narrows(
    harmless: House, before: str, after: str, then: str
) -> None:
    requested(harmless, Taught("yeet", scope=before))
    requested(harmless, Taught("yeet", misheard=("yay",), scope=after))
    assert (live(harmless).scope, live(harmless).misheard) == (then, ("yay",))


@pytest.mark.parametrize("other", ["household:8", "locale:en"])
def test_one_households_word_is_not_made_everybodys_by_another(house: House, other: str) -> None:
    requested(house, Taught("yeet", scope="household:7"))
    trial, outcome = requested(house, Taught("yeet", scope=other))
    assert outcome is TrialOutcome.REFUSED
    assert "live for household:7 already" in trial.because
    assert (house.records.revision(), live(house).scope) == (1, "household:7")


def test_the_harm_of_a_households_word_is_measured_as_that_household_would_hear(
    house: House,
) -> None:
    trial, outcome = requested(house, Taught("bussin", scope="household:7"))
    assert outcome is TrialOutcome.HELD
    assert trial.false_accepts_per_hour.value > 0


def test_a_households_word_is_heard_there_alone(house: House) -> None:
    requested(house, Taught("yeet", scope="household:7"))
    assert house.text_of(0, Source(household="7")) == "yeet that alarm"
    assert house.text_of(0) == "eat that alarm"


# --- from a clip --------------------------------------------------------------


def test_from_a_clip_that_was_judged_its_transcript_gives_the_misheard_forms(
    harmless: House,
) -> None:
    event = taught(harmless, 0, "yeet that alarm", Taught("alarm"))
    utterance = event.payload["utterance"]
    before = harmless.records.item(utterance)
    trial, outcome = requested(harmless, YEET, utterance)
    assert (outcome, trial.recognised) == (TrialOutcome.LIVE, True)
    assert "eat" in live(harmless).misheard
    assert harmless.records.item(utterance) == before


def test_a_first_listeners_text_gives_no_forms_before_the_second_agrees(harmless: House) -> None:
    harmless.second_fraction = 1.0
    utterance = kept(harmless, 0)
    harmless.answer(utterance, "yeet that alarm")
    requested(harmless, YEET, utterance)
    assert live(harmless).misheard == ()


def test_a_clip_judged_unintelligible_gives_no_forms(harmless: House) -> None:
    utterance = kept(harmless, 0)
    harmless.answer(utterance, "")
    requested(harmless, YEET, utterance)
    assert live(harmless).misheard == ()


def test_what_was_said_must_hold_the_term_and_belong_to_a_clip() -> None:
    with pytest.raises(InputError, match="'yeet' does not occur"):
        lessons.request("e1", YEET, START, by="lee", utterance_id="u1", text="eat it")
    with pytest.raises(InputError, match="name the utterance"):
        lessons.request("e1", YEET, START, by="lee", text="yeet it")


def test_a_term_is_refused_for_its_scope_before_anything_is_written() -> None:
    term = Term("yeet", scope="household:8")
    with pytest.raises(TermRefused, match="one scope"):
        lessons.joined(term, {"yeet": replace(term, scope="household:7")})
