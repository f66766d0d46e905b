"""Which doubtful stretches are alike, by what was written there and by their sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.model import SAMPLE_RATE, Flag, Hypothesis, Samples, Span, Transcript, Word
from earwitness.speech.cepstra import CEPSTRA, HOP, cepstra
from earwitness.speech.likeness import (
    FARTHEST,
    LONGEST,
    MARGIN,
    OF_CEPSTRA,
    OF_FRAMES,
    Stretch,
    Weights,
    doubtful,
    heard_apart,
    same_word,
    spelled_apart,
    spellings,
    stretches,
)

SEEDS = st.integers(0, 2**32 - 1)
WIDTH = 12
UNSURE, SURE = 0.2, 0.9


# --- where, and what was written there --------------------------------------


def transcript(
    text: str, confidences: Sequence[float] = (), others: Sequence[str] = (), seconds: float = 0.0
) -> Transcript:
    """Each word is said for half a second."""
    said = text.split()
    sure = [*confidences, *[SURE] * len(said)]
    words = tuple(
        Word(word, (-1.0,), sure[at], start=at / 2, end=at / 2 + 0.5)
        for at, word in enumerate(said)
    )
    nbest = (Hypothesis(text, words, -1.0), *(Hypothesis(other, (), -2.0) for other in others))
    return Transcript(nbest, "scripted", "scripted@1", 0, seconds or len(said) / 2)


def flag(place: int | None) -> Flag:
    times = (None, None) if place is None else (place / 2, place / 2 + 0.5)
    return Flag("low_confidence", 0.1, 0.5, "unsure", *times)


def test_a_stretch_is_the_flagged_word_and_the_unsure_ones_beside_it() -> None:
    heard = transcript("tell sear sha that the taxi is here", [SURE, UNSURE, UNSURE, SURE])
    assert doubtful(heard, [flag(1)]) == (Span(0.5, 1.5),)
    assert doubtful(heard, [flag(2)]) == (Span(0.5, 1.5),)
    assert doubtful(heard, [flag(1), flag(2), flag(None)]) == (Span(0.5, 1.5),)
    assert doubtful(heard, [flag(1), flag(5)]) == (Span(0.5, 1.5), Span(2.5, 3.0))


def test_a_stretch_does_not_grow_over_a_whole_sentence_of_unsure_words() -> None:
    heard = transcript("one two three four five six", [UNSURE] * 6)
    (found,) = doubtful(heard, [flag(3)])
    assert found.end - found.start <= LONGEST


def test_without_a_place_the_least_sure_word_is_doubtful() -> None:
    heard = transcript("this is finna leave", [0.6, 0.8, 0.5, 0.7])
    assert doubtful(heard, [flag(None)]) == (Span(1.0, 1.5),)


def test_without_times_there_is_no_place() -> None:
    heard = Transcript((Hypothesis("a b", (Word("a", ()), Word("b", ())), 0.0),), "s", "s", 0, 1.0)
    assert doubtful(heard, [flag(None)]) == ()
    assert spellings(heard, Span(0.0, 1.0)) == ()


def test_each_reading_has_its_own_spelling_of_a_stretch() -> None:
    heard = transcript(
        "tell sear sha that the taxi is here",
        others=(
            "tell search her that the taxi is here",
            "Tell Sear sha, that the taxi",
            "tell that",
        ),
    )
    assert spellings(heard, Span(0.5, 1.5)) == ("sear sha", "search her")


@pytest.mark.parametrize(
    ("one", "other", "nearer"),
    [("sertia", "cersher", "gochu"), ("bus in", "bussing", "yield"), ("eat", "yeet", "rise")],
)
def test_spellings_of_one_word_are_nearer_than_those_of_two(
    one: str, other: str, nearer: str
) -> None:
    apart = [spelled_apart(stretch(one), stretch(each)) for each in (other, nearer)]
    assert apart[0] < 0.5 < apart[1]


def test_what_was_not_written_is_spelled_like_nothing() -> None:
    assert spelled_apart(stretch(), stretch("eat")) == spelled_apart(stretch(), stretch()) == 1.0


# --- how it sounds ----------------------------------------------------------


def units(seed: int, length: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((length, WIDTH))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16)


def stretch(*spelled: str, seed: int = 0, length: int = 8, around: int = 0) -> Stretch:
    """Frames that a seed names; ``around`` them others."""
    inner = units(seed, length)
    beside = [units(seed + side, around) for side in (1, 2)]
    outer = np.concatenate([beside[0], inner, beside[1]]) if around else inner
    return Stretch(Span(0.0, 1.0), spelled, inner, outer)


STRETCHES = st.builds(
    stretch, st.sampled_from(["eat", "yeet", "a bus in", "fee"]), seed=SEEDS,
    length=st.integers(2, 40), around=st.integers(0, 5),
)  # fmt: skip


@given(STRETCHES, STRETCHES)
def test_the_order_of_two_does_not_matter(one: Stretch, other: Stretch) -> None:
    assert heard_apart(one, [other]) == pytest.approx(heard_apart(other, [one]), abs=1e-3)
    assert spelled_apart(one, other) == pytest.approx(spelled_apart(other, one))
    assert same_word([one], [[other]]) == pytest.approx(same_word([other], [[one]]), abs=5e-3)


@given(STRETCHES, STRETCHES)
def test_nothing_is_more_alike_than_the_same(one: Stretch, other: Stretch) -> None:
    same, apart = heard_apart(one, [one, other])
    assert same == pytest.approx(0.0, abs=2e-3)
    assert same - 2e-3 <= apart <= FARTHEST
    both = same_word([one], [[one], [other]])
    assert both[0] >= both[1] - 1e-3


@given(st.lists(STRETCHES, min_size=1, max_size=6), STRETCHES)
def test_many_at_once_are_as_far_as_one_by_one(others: list[Stretch], one: Stretch) -> None:
    single = [heard_apart(one, [other])[0] for other in others]
    assert heard_apart(one, others) == pytest.approx(single, abs=1e-3)


def test_a_word_is_found_within_the_surroundings_of_another_place() -> None:
    whole = units(3, 40)
    word = Stretch(Span(0.0, 1.0), (), whole[10:20], whole[8:22])
    shifted = Stretch(Span(0.0, 1.0), (), whole[13:23], whole[9:27])
    assert heard_apart(word, [shifted, stretch(seed=9, length=10)])[0] < 0.05


def test_a_word_said_at_half_the_pace_is_the_same_and_at_a_quarter_is_not() -> None:
    frames = units(5, 10)
    word = Stretch(Span(0.0, 1.0), (), frames, frames)
    slow, slower = (np.repeat(frames, times, axis=0) for times in (2, 8))
    assert heard_apart(word, [Stretch(Span(0.0, 1.0), (), slow, slow)])[0] < 0.05
    assert heard_apart(word, [Stretch(Span(0.0, 1.0), (), slower[:60], slower[:60])])[0] > 0.3


def test_nobody_is_alike_where_nothing_is_doubtful() -> None:
    one = stretch("eat")
    assert heard_apart(one, []).shape == (0,)
    assert same_word([one], [[]]).tolist() == [0.0]
    assert same_word([], [[one], []]).tolist() == [0.0, 0.0]


def test_the_most_alike_of_several_places_counts() -> None:
    one, far = stretch("eat", seed=1), stretch("zoo", seed=2)
    assert same_word([far, one], [[far], [stretch("moan", seed=9)]])[0] > 0.9
    assert same_word([far, one], [[stretch("moan", seed=9), one]])[0] > 0.9


@pytest.mark.parametrize("weights", [OF_FRAMES, OF_CEPSTRA])
def test_a_greater_distance_is_never_more_alike(weights: Weights) -> None:
    assert weights.spelled < 0
    assert weights.heard < 0


# --- cepstra ----------------------------------------------------------------


def sweep(seconds: float, low: float, high: float, level: float = 0.3) -> Samples:
    """Several harmonics that glide, and a little noise that is always the same."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * (low * time + (high - low) * time**2 / (2 * seconds))
    noise = np.random.default_rng(1).standard_normal(len(time)) * 0.01
    return (level * (sum(np.sin(k * phase) / k for k in range(1, 6)) + noise)).astype(np.float32)


def doubted(audio: Samples) -> tuple[Stretch, ...]:
    heard = transcript("say this word now", [SURE, UNSURE], seconds=len(audio) / SAMPLE_RATE)
    return stretches(heard, [flag(1)], cepstra(audio))


@given(st.floats(0.02, 3.0))
@settings(max_examples=30)
def test_a_louder_clip_sounds_the_same(gain: float) -> None:
    audio = np.concatenate([sweep(1.0, 120, 300), sweep(1.0, 400, 150)])
    (plain,), (louder,) = doubted(audio), doubted(audio * np.float32(gain))
    assert heard_apart(plain, [louder])[0] == pytest.approx(0.0, abs=5e-3)


def test_one_glide_is_nearer_to_itself_in_noise_than_to_another() -> None:
    rising = np.concatenate([sweep(1.0, 120, 500), sweep(1.0, 300, 200)])
    falling = np.concatenate([sweep(1.0, 500, 120), sweep(1.0, 300, 200)])
    noisy = rising + np.random.default_rng(2).normal(0, 0.005, len(rising)).astype(np.float32)
    apart = heard_apart(doubted(rising)[0], [doubted(noisy)[0], doubted(falling)[0]])
    assert apart[0] < apart[1]


@pytest.mark.parametrize("samples", [0, 1, HOP, SAMPLE_RATE])
def test_silence_and_next_to_nothing_have_cepstra(samples: int) -> None:
    found = cepstra(np.zeros(samples, np.float32))
    assert len(found) >= 2
    assert found.shape[1] == 2 * CEPSTRA
    assert np.isfinite(found).all()


def test_a_clip_too_short_for_a_word_has_no_stretch() -> None:
    heard = transcript("a", [UNSURE], seconds=0.1)
    assert stretches(heard, [flag(0)], np.ones((2, 4), np.float32)) == ()
    assert stretches(heard, [flag(0)], np.ones((0, 4), np.float32)) == ()


@given(SEEDS, st.floats(0.0, 30.0), st.floats(0.0, 30.0), st.floats(0.3, 20.0), st.integers(2, 400))
def test_a_stretch_lies_within_its_clip_wherever_its_times_lie(
    seed: int, start: float, length: float, seconds: float, frames: int
) -> None:
    word = Word("eat", (-1.0,), UNSURE, start=start, end=start + length)
    heard = Transcript((Hypothesis("eat", (word,), -1.0),), "s", "s", 0, seconds)
    clip = np.random.default_rng(seed).standard_normal((frames, 3)).astype(np.float32)
    (found,) = stretches(heard, [], clip)
    assert 2 <= len(found.inner) <= len(found.outer) <= frames
    most = (LONGEST + 2 * MARGIN) * frames / seconds + 3
    assert len(found.outer) <= most
