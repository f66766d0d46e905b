"""Confidence from the first number to the last: evidence, trees, what ships, calibration."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from importlib.resources import files
from math import exp, log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.engines.moonshine import Moonshine
from earwitness.errors import SettingsError
from earwitness.model import Hypothesis, Lexicon, Samples, Transcript, Word
from earwitness.speech.agreement import SECOND_WORD
from earwitness.speech.calibration import Calibration, log_odds, recalibrate
from earwitness.speech.confidence import COEFFICIENTS, models, rated, with_second
from earwitness.speech.ensemble import Ensemble
from earwitness.speech.features import WORD, Alike, Evidence, word_features
from earwitness.speech.nbest import compete
from earwitness.speech.segment import Cut, join

END = 9
TEXTS = ["▁eat", "▁Eat", "▁yeet", "s", "ing", ".", "▁", None, "▁four", None]
ALIKE = Alike(TEXTS, END)
PROBABILITY = st.floats(0, 1)


def row(**probabilities: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """One row of log-probabilities; what is not named shares the rest."""
    named = {int(key[1:]): value for key, value in probabilities.items()}
    rest = max(1 - sum(named.values()), 1e-9) / (len(TEXTS) - len(named))
    return np.log([named.get(i, rest) for i in range(len(TEXTS))]).astype(np.float32)


def hypothesis(text: str, logprob: float = -1.0, terms: tuple[str, ...] = ()) -> Hypothesis:
    words = tuple(Word(w, (-0.1,), term=w if w in terms else None) for w in text.split())
    return Hypothesis(text, words, logprob, terms)


def transcript(*nbest: Hypothesis) -> Transcript:
    return Transcript(nbest, "moonshine", "m", 0, 2.0)


def evidence(chosen: list[float], rival: list[float], words: int) -> Evidence:
    """One token a word, and the end."""
    nothing = np.zeros(words + 1)
    return Evidence(
        tuple(range(words)), np.arange(words + 1), np.array(chosen), np.array(rival), nothing,
        np.zeros(words + 1, bool),
    )  # fmt: skip


# --- what the decoder knew ----------------------------------------------------


def test_letter_case_is_no_other_word() -> None:
    found = Evidence.of([row(t0=0.6, t1=0.3), row(t9=0.99)], (0, END), (0,), ALIKE)
    assert exp(found.chosen[0]) == pytest.approx(0.9 / 0.9375)


def test_punctuation_does_not_compete_with_a_word_that_begins() -> None:
    found = Evidence.of([row(t0=0.3, t5=0.69), row(t9=0.99)], (0, END), (0,), ALIKE)
    assert exp(found.chosen[0]) > 0.95


def test_a_word_that_could_have_gone_on_is_less_closed() -> None:
    ends = Evidence.of([row(t0=0.99), row(t9=0.98)], (0, END), (0,), ALIKE)
    goes_on = Evidence.of([row(t0=0.99), row(t9=0.5, t3=0.49)], (0, END), (0,), ALIKE)
    assert ends.closed[1] > log(0.95)
    assert goes_on.closed[1] < log(0.6)


def test_a_number_in_letters_is_the_same_as_in_digits() -> None:
    alike = Alike(["▁four", "▁4", "▁for"], 2)
    assert alike.groups[0] == alike.groups[1] != alike.groups[2]


@given(st.lists(st.lists(st.floats(-30, 5), min_size=10, max_size=10), min_size=1, max_size=4))
def test_what_was_chosen_is_a_probability_whatever_the_model_says(
    scores: list[list[float]],
) -> None:
    logits = np.array(scores, np.float32)
    rows = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    found = Evidence.of(list(rows), [2] * (len(rows) - 1) + [END], [0] * 0, ALIKE)
    for values in (found.chosen, found.rival, found.closed):
        assert np.isfinite(values).all()
        assert (values <= 1e-6).all()
    assert (np.exp(found.chosen) + np.exp(found.rival) <= 1 + 1e-3).all()


# --- the trees ----------------------------------------------------------------

STUMPS: dict[str, Any] = {
    "names": ["a", "b"],
    "base": 0.5,
    "features": [[0, 1, 1]],
    "thresholds": [[1.0, 2.0, 3.0]],
    "leaves": [[10.0, 20.0, 30.0, 40.0]],
}


@pytest.mark.parametrize(
    ("a", "b", "leaf"), [(1, 2, 10), (1, 2.1, 20), (1.1, 3, 30), (9, 9, 40), (-9, -9, 10)]
)
def test_a_tree_goes_right_where_the_value_is_above_the_threshold(
    a: float, b: float, leaf: float
) -> None:
    assert Ensemble.read(STUMPS).log_odds(np.array([[a, b]])).tolist() == [leaf + 0.5]


@pytest.mark.parametrize(
    "damage",
    [{"leaves": [[1.0]]}, {"features": [[0, 2, 0]]}, {"features": [[-1, 0, 0]]}, {"base": "x"},
     {"leaves": [[1.0, 2.0, float("nan"), 3.0]]}, {"thresholds": [[1.0, 2.0]]}],
)  # fmt: skip
def test_damaged_coefficients_are_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="malformed"):
        Ensemble.read(STUMPS | damage)


def test_coefficients_without_a_part_are_refused() -> None:
    with pytest.raises(SettingsError, match="malformed"):
        Ensemble.read({key: value for key, value in STUMPS.items() if key != "leaves"})


# --- what ships ---------------------------------------------------------------


def test_the_coefficients_that_ship_read_what_the_code_writes() -> None:
    assert models().alone.names == WORD
    assert models().second.names == SECOND_WORD


def test_the_coefficients_that_ship_are_small_and_plain_json() -> None:
    content = (files("earwitness.speech") / COEFFICIENTS).read_bytes()
    assert len(content) < 200_000
    assert set(json.loads(content)) == {"alone", "second"}


@given(
    st.lists(st.floats(-9, 0), min_size=4, max_size=4),
    st.integers(0, 2),
    st.floats(0, 9),
)
def test_a_word_that_the_recogniser_finds_likelier_is_never_less_sure(
    chosen: list[float], place: int, more: float
) -> None:
    heard = transcript(hypothesis("eat that alarm"))
    lower = rated(heard, evidence(chosen, [-9.0] * 4, 3))
    raised = [min(0.0, value + more * (i == place)) for i, value in enumerate(chosen)]
    higher = rated(heard, evidence(raised, [-9.0] * 4, 3))
    for before, after in zip(lower.best.words, higher.best.words, strict=True):
        assert after.confidence >= before.confidence
    assert all(0 < word.confidence < 1 for word in lower.best.words)
    assert 0 < lower.confidence < 1


def test_a_word_that_other_readings_lack_is_less_sure_than_the_others() -> None:
    heard = transcript(hypothesis("eat that alarm", -2.0), hypothesis("yeet that alarm", -2.2))
    eat, that, alarm = rated(heard, evidence([-0.4] * 4, [-2.0] * 4, 3)).best.words
    assert eat.confidence < min(that.confidence, alarm.confidence)


def test_a_taught_word_below_the_plain_reading_is_neither_certain_nor_hopeless() -> None:
    taught = hypothesis("yeet that alarm", -6.0, ("yeet",))
    heard = transcript(taught, hypothesis("eat that alarm", -3.0))
    yeet = rated(heard, evidence([-3.0, -0.1, -0.1, -0.1], [-0.1, -4, -4, -4], 3)).best.words[0]
    assert 0.1 < yeet.confidence < 0.97


def test_the_words_beside_a_believed_term_stay_sure() -> None:
    heard = transcript(
        hypothesis("yeet that alarm", -6.0, ("yeet",)), hypothesis("eat that alarm", -3.0)
    )
    features = word_features(heard, evidence([-1.0] * 4, [-3.0] * 4, 3), compete(heard.nbest))
    assert features[1:, WORD.index("support")].tolist() == [1.0, 1.0]


def test_an_answer_is_as_sure_as_all_of_its_words_together() -> None:
    heard = rated(transcript(hypothesis("eat that")), evidence([-0.9] * 3, [-1.0] * 3, 2))
    eat, that = (word.confidence for word in heard.best.words)
    assert heard.confidence == pytest.approx(eat * that)


def test_nothing_heard_has_no_confidence() -> None:
    silent = transcript(Hypothesis("", (), 0.0))
    assert rated(silent, evidence([0.0], [-9.0], 0)) == silent
    assert with_second(silent, "anything") == silent


# --- with a second recogniser -------------------------------------------------


def test_a_second_recogniser_that_agrees_makes_surer_and_one_that_does_not_less_sure() -> None:
    heard = rated(transcript(hypothesis("eat that alarm")), evidence([-0.5] * 4, [-1.5] * 4, 3))
    same, other = with_second(heard, "Eat that alarm!"), with_second(heard, "yeet that alarm")
    assert same.best.words[0].confidence > heard.best.words[0].confidence
    assert other.best.words[0].confidence < heard.best.words[0].confidence
    assert other.confidence < same.confidence


@given(st.text(max_size=20))
def test_whatever_the_second_recogniser_writes_confidences_stay_within_bounds(text: str) -> None:
    heard = rated(transcript(hypothesis("eat that 4")), evidence([-0.5] * 4, [-1.5] * 4, 3))
    both = with_second(heard, text)
    assert all(0 < word.confidence < 1 for word in both.best.words)
    assert 0 < both.confidence < 1
    assert both == with_second(heard, text)


# --- recalibration ------------------------------------------------------------


def test_no_judgement_changes_nothing() -> None:
    assert recalibrate([]) == Calibration()
    assert Calibration()(0.3) == pytest.approx(0.3)


def test_many_judgements_make_confidence_mean_what_it_says() -> None:
    drawn = np.random.default_rng(3)
    confidences = drawn.uniform(0.05, 0.95, 4000)
    truth = 1 / (1 + np.exp(-(0.5 * log_odds(confidences) - 1.0)))
    right = drawn.random(4000) < truth
    found = recalibrate(zip(confidences.tolist(), right.tolist(), strict=True))
    assert found.slope == pytest.approx(0.5, abs=0.08)
    assert found.shift == pytest.approx(-1.0, abs=0.12)


@given(st.lists(st.tuples(PROBABILITY, st.booleans()), max_size=40), PROBABILITY, PROBABILITY)
def test_recalibration_keeps_the_order_and_the_bounds(
    pairs: list[tuple[float, bool]], one: float, other: float
) -> None:
    corrected = recalibrate(pairs)
    low, high = sorted((one, other))
    assert 0 < corrected(low) <= corrected(high) < 1


@given(st.permutations([(0.9, True), (0.9, False), (0.4, False), (0.7, True), (0.2, False)]))
def test_the_order_of_judgements_plays_no_part(pairs: list[tuple[float, bool]]) -> None:
    assert recalibrate(pairs) == recalibrate(sorted(pairs))


# --- the recogniser itself ----------------------------------------------------


@pytest.fixture(scope="module")
def beckett() -> Samples:
    """Four seconds of a man reading, from the moonshine-voice wheel."""
    with wave.open(str(files("moonshine_voice") / "assets" / "beckett.wav")) as file:
        pcm = np.frombuffer(file.readframes(64_000), np.int16)
    return (pcm / 32768).astype(np.float32)


def test_two_recognisers_give_the_same_confidences_to_the_bit(beckett: Samples) -> None:
    heard = [
        engine.decode(engine.encode(beckett), Lexicon()) for engine in (Moonshine(), Moonshine())
    ]
    assert heard[0] == heard[1]
    assert all(0 < word.confidence < 1 for word in heard[0].best.words)
    assert 0 < heard[0].confidence < 1


def test_noise_over_speech_makes_the_answer_less_sure(beckett: Samples) -> None:
    engine = Moonshine()
    noise = np.random.default_rng(1).standard_normal(len(beckett)).astype(np.float32)
    clear = engine.decode(engine.encode(beckett), Lexicon())
    noisy = engine.decode(engine.encode(beckett + 0.1 * noise), Lexicon())
    assert noisy.confidence < clear.confidence


def test_pieces_that_are_joined_keep_the_confidence_of_their_words(beckett: Samples) -> None:
    engine = Moonshine()
    part = engine.decode(engine.encode(beckett), Lexicon())
    later = replace(part, seconds=4.0)
    whole = join([(Cut(0.0, 4.0), part), (Cut(4.0, 8.0), later)])
    confidences = [word.confidence for word in part.best.words]
    assert [word.confidence for word in whole.best.words] == 2 * confidences
    assert whole.confidence == pytest.approx(part.confidence**2)
