"""Every rule of doubt by an answer table, and what all rules have in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.flow.hear import Evidence
from earwitness.model import Flag, Hypothesis, Transcript, Word
from earwitness.speech.doubt import (
    AuditSample,
    EmptyResult,
    EngineFailure,
    LowConfidence,
    LowUtteranceConfidence,
    NbestDisagreement,
    Rephrase,
    Rule,
    SecondEngine,
    Thresholds,
    UnknownWord,
    disagreement,
    draw,
    flags,
    likeness,
    rules,
)

TEXT = st.lists(
    st.sampled_from(["play", "turn", "eat", "yeet", "it", "off", "10", "Saoirse"]), max_size=5
)


def words(text: str, confidence: float = 0.9, pieces: int = 1) -> tuple[Word, ...]:
    return tuple(Word(word, (-0.1,) * pieces, confidence) for word in text.split())


def heard(*texts: str, confidence: float = 0.9, apart: float = 3.0) -> Transcript:
    """Readings, each ``apart`` nats under the one before."""
    nbest = [
        Hypothesis(text, words(text, confidence), -1.0 - apart * i) for i, text in enumerate(texts)
    ]
    return Transcript(tuple(nbest), "moonshine", "m", 0, 2.0, confidence)


def said(*spoken: Word, confidence: float = 0.9) -> Transcript:
    text = " ".join(word.text for word in spoken)
    return Transcript((Hypothesis(text, spoken, -1.0),), "moonshine", "m", 0, 2.0, confidence)


def flag_of(rule: Rule, transcript: Transcript, **more: object) -> Flag | None:
    return rule.flag(Evidence("u1", transcript, **more))  # type: ignore[arg-type]


# --- low confidence -------------------------------------------------------------


@pytest.mark.parametrize(("confidence", "fires"), [(0.49, True), (0.5, False), (0.51, False)])
def test_a_word_under_the_threshold_is_doubted(confidence: float, fires: bool) -> None:
    assert bool(flag_of(LowConfidence(0.5), said(Word("eat", (-1.0,), confidence)))) is fires


def test_the_reason_names_the_word_its_number_and_its_time() -> None:
    found = flag_of(
        LowConfidence(0.55),
        said(Word("play", (-0.1,), 0.9), Word("sochil", (-2.0,), 0.31, 1.9, 2.4)),
    )
    assert found == Flag("low_confidence", 0.31, 0.55, "'sochil' 0.31 < 0.55 at 1.9 s", 1.9, 2.4)


def test_of_several_doubtful_words_the_worst_is_shown_and_the_others_are_counted() -> None:
    unsure = said(Word("a", (-1.0,), 0.4), Word("b", (-1.0,), 0.2), Word("c", (-1.0,), 0.9))
    found = flag_of(LowConfidence(0.5), unsure)
    assert found is not None
    assert found.reason == "'b' 0.20 < 0.5 (word 2 of 3); 2 words are under it"


def test_an_unsure_answer_is_doubted_though_no_word_is() -> None:
    found = flag_of(LowUtteranceConfidence(0.5), heard("turn it off", confidence=0.45))
    assert found is not None
    assert (found.score, found.threshold) == (0.45, 0.5)


def test_an_empty_answer_is_not_an_unsure_one() -> None:
    assert flag_of(LowUtteranceConfidence(0.5), heard("", confidence=0.0)) is None


# --- unknown words --------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "fires"),
    [
        (Word("sochil", (-1.0, -2.0), 0.3), True),
        (Word("sochil", (-1.0, -2.0), 0.9), False),
        (Word("on", (-1.0,), 0.1), False),
        (Word("sochil", (-1.0, -2.0), 0.3, term="sochil"), False),
        (Word("Cooley", (-1.0, -1.0), 0.2), True),
        (Word("I'm", (-1.0,), 0.1), False),
    ],
)
def test_an_unsure_word_with_signs_may_stand_for_an_unknown_one(word: Word, fires: bool) -> None:
    found = flag_of(UnknownWord(0.3), said(Word("play", (-0.1,), 0.95), word))
    assert bool(found) is fires


def test_the_reason_says_what_it_was_heard_as_where_and_by_which_signs() -> None:
    sochil = Word("sochil", (-1.0, -2.0), 0.2, 1.9, 2.4)
    found = flag_of(UnknownWord(0.3), said(Word("play", (-0.1,), 0.95), sochil))
    assert found is not None
    assert (found.start, found.end) == (1.9, 2.4)
    for part in ("'sochil'", "at 1.9 s", "no dictionary has it", "put together from pieces"):
        assert part in found.reason


# --- readings that differ -------------------------------------------------------


def test_readings_that_share_the_probability_are_a_reason_to_doubt() -> None:
    found = flag_of(NbestDisagreement(0.5), heard("eat it", "yeet it", "heat it", apart=0.1))
    assert found is not None
    assert found.score > 0.5
    assert "'yeet it'" in found.reason


def test_one_reading_that_leads_is_none() -> None:
    assert flag_of(NbestDisagreement(0.5), heard("eat it", "yeet it", apart=4.0)) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "share"),
    [
        ("turn it off", "Turn it off.", 0.0),
        ("turn it off", "turn it of", 1 / 3),
        ("turn it off", "turn it off please", 1 / 4),
        ("U M N Y H", "UMNYH", 0.0),
        ("turn", "", 1.0),
        ("", "", 0.0),
    ],
)
def test_two_engines_disagree_by_the_words_that_one_lacks(
    ours: str, theirs: str, share: float
) -> None:
    assert disagreement(ours, theirs) == pytest.approx(share)
    assert disagreement(theirs, ours) == pytest.approx(share)


def test_a_second_engine_that_heard_something_else_is_quoted() -> None:
    found = flag_of(SecondEngine(0.1), heard("eat it"), second=heard("yeet it"))
    assert found is not None
    assert found.score == pytest.approx(0.5)
    assert "'yeet it'" in found.reason
    assert flag_of(SecondEngine(0.1), heard("eat it"), second=heard("Eat it!")) is None
    assert flag_of(SecondEngine(0.1), heard("eat it")) is None


# --- said again -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "fires"),
    [
        ("play a song by saw horse", "play a song by Saoirse", True),
        ("turn of the light", "turn off the light", True),
        ("turn off the light", "turn off the light", False),
        ("Turn off the light.", "turn off the light", False),
        ("set a timer for ten minutes", "what is the weather", False),
        ("", "turn off the light", False),
    ],
)
def test_nearly_the_same_again_is_a_reason_to_doubt(before: str, now: str, fires: bool) -> None:
    assert bool(flag_of(Rephrase(0.5), heard(now), earlier=(heard(before),))) is fires


def test_of_several_earlier_attempts_the_most_alike_is_quoted() -> None:
    earlier = (heard("what time is it"), heard("play saw horse"), heard("stop"))
    found = flag_of(Rephrase(0.5), heard("play Saoirse"), earlier=earlier)
    assert found is not None
    assert "'play saw horse'" in found.reason


@given(TEXT, TEXT)
def test_likeness_is_a_symmetric_share(one: list[str], other: list[str]) -> None:
    found = likeness(" ".join(one), " ".join(other))
    assert 0 <= found <= 1
    assert found == pytest.approx(likeness(" ".join(other), " ".join(one)))


# --- failures and silence -------------------------------------------------------


def test_a_recogniser_that_failed_is_a_flag_and_says_how() -> None:
    found = flag_of(EngineFailure(), heard(""), failure="moonshine: out of memory")
    assert found is not None
    assert "out of memory" in found.reason
    assert flag_of(EngineFailure(), heard("fine")) is None


@pytest.mark.parametrize(
    ("text", "speech", "failure", "fires"),
    [("", True, "", True), ("...", True, "", True), ("", False, "", False),
     ("eat", True, "", False), ("", True, "broken", False)],
)  # fmt: skip
def test_speech_without_a_word_is_a_flag(
    text: str, speech: bool, failure: str, fires: bool
) -> None:
    assert bool(flag_of(EmptyResult(), heard(text), speech=speech, failure=failure)) is fires


# --- the audit sample -----------------------------------------------------------


def test_the_audit_draws_its_share_and_the_same_ones_again() -> None:
    drawn = [name for name in map(str, range(20_000)) if draw(name, "key") < 0.05]
    assert 0.04 < len(drawn) / 20_000 < 0.06
    assert drawn == [name for name in map(str, range(20_000)) if draw(name, "key") < 0.05]


def test_the_audit_is_known_by_its_hash() -> None:
    assert draw("u1") == pytest.approx(0.59741, abs=1e-5)


def test_another_key_draws_others() -> None:
    ours = {name for name in map(str, range(2000)) if draw(name, "ours") < 0.1}
    theirs = {name for name in map(str, range(2000)) if draw(name, "theirs") < 0.1}
    assert len(ours & theirs) < len(ours) / 2


@given(TEXT, st.floats(0, 1))
def test_the_audit_does_not_look_at_the_text(text: list[str], confidence: float) -> None:
    other = heard(" ".join(text), confidence=confidence)
    assert flag_of(AuditSample(0.5), other) == flag_of(AuditSample(0.5), heard("stop"))


@pytest.mark.parametrize(("share", "fires"), [(0.0, False), (1.0, True)])
def test_the_audit_takes_nothing_or_everything_at_its_ends(share: float, fires: bool) -> None:
    for name in map(str, range(100)):
        assert bool(AuditSample(share).flag(Evidence(name, heard("stop")))) is fires


# --- all rules ------------------------------------------------------------------


def test_sure_and_undisputed_speech_is_not_doubted() -> None:
    silent = Thresholds(audit_share=0.0)
    evidence = Evidence("u1", heard("turn it off", confidence=0.97), second=heard("turn it off"))
    assert flags(evidence, rules(silent)) == ()


def test_flags_come_in_the_order_of_the_rules() -> None:
    evidence = Evidence("u1", heard("play sochil", confidence=0.2), second=heard("play so chill"))
    names = [flag.rule for flag in flags(evidence, rules(Thresholds(audit_share=1.0)))]
    assert names == [
        "unknown_word", "low_confidence", "low_utterance_confidence", "second_engine",
        "audit_sample",
    ]  # fmt: skip


CASES = st.builds(
    lambda texts, confidence, second, earlier, name: Evidence(
        name,
        heard(*(texts or [""]), confidence=confidence, apart=0.5),
        second=second,
        earlier=earlier,
    ),
    st.lists(TEXT.map(" ".join), max_size=3),
    st.floats(0, 1),
    st.none() | TEXT.map(" ".join).map(heard),
    st.lists(TEXT.map(" ".join).map(heard), max_size=2).map(tuple),
    st.text(max_size=5),
)


@given(CASES)
def test_every_flag_has_crossed_its_threshold_and_shows_a_reason(case: Evidence) -> None:
    below = {"low_confidence", "low_utterance_confidence", "audit_sample", "empty_result"}
    for flag in flags(case, rules()):
        assert flag.score < flag.threshold if flag.rule in below else flag.score >= flag.threshold
        assert 0 <= flag.score <= 1
        assert flag.reason


@given(CASES, st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_threshold_never_doubts_less(case: Evidence, one: float, other: float) -> None:
    lower, higher = sorted((one, other))
    for below in (LowConfidence, LowUtteranceConfidence):
        assert not below(lower).flag(case) or below(higher).flag(case)
    for above in (UnknownWord, NbestDisagreement, SecondEngine, Rephrase):
        assert not above(higher).flag(case) or above(lower).flag(case)


@given(CASES)
def test_the_same_case_gives_the_same_flags(case: Evidence) -> None:
    assert flags(case, rules()) == flags(case, rules())
