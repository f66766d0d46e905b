"""Long recordings in pieces, and their readings joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import recordings

from earwitness.model import SAMPLE_RATE, Hypothesis, Samples, Span, Transcript, Word
from earwitness.speech.segment import (
    MARGIN,
    MAX_ENGINE_SECONDS,
    OVERLAP,
    PIECE_SECONDS,
    Cut,
    Piece,
    cuts,
    join,
    pieces,
)

SAMPLE = 1 / SAMPLE_RATE


class LoudSpeech:
    """Takes whatever is loud for speech, to the hundredth of a second."""

    def spans(self, audio: Samples) -> Sequence[Span]:
        loud = np.abs(np.pad(audio, (0, -len(audio) % 160)).reshape(-1, 160)).max(axis=1) > 0.05
        edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
        return [Span(a / 100, min(b / 100, len(audio) * SAMPLE)) for a, b in edges.reshape(-1, 2)]


class Unasked:
    def spans(self, audio: Samples) -> Sequence[Span]:
        raise AssertionError("A short recording needs no speech detection.")


def recording(parts: Sequence[tuple[float, float]]) -> Samples:
    """Alternating speech and pause, in seconds."""
    return np.concatenate(
        [
            part
            for index, (speech, pause) in enumerate(parts)
            for part in (
                recordings.noise(speech, level=0.3, seed=index).clip(-1, 1),
                recordings.silence(pause),
            )
        ]
    )


def blocks(audio: Samples, size: int) -> Iterator[Samples]:
    yield from (audio[start : start + size] for start in range(0, len(audio), size))


def heard_by(found: Sequence[Piece], length: int) -> np.ndarray:
    """How many pieces hold each sample."""
    count = np.zeros(length, int)
    for piece in found:
        start = round(piece.cut.start * SAMPLE_RATE)
        count[start : start + len(piece.audio)] += 1
    return count


lengths = st.integers(1, 40).map(lambda tenths: tenths / 10)
talks = st.lists(st.tuples(lengths, lengths), min_size=12, max_size=40).map(recording)


@pytest.mark.parametrize("seconds", [SAMPLE, 0.1, 5.0, PIECE_SECONDS + 1, MAX_ENGINE_SECONDS])
def test_an_utterance_within_the_maximum_is_never_touched(seconds: float) -> None:
    audio = np.concatenate([recordings.silence(seconds / 2), recordings.noise(seconds)])
    audio = audio[: max(1, round(seconds * SAMPLE_RATE))]
    (piece,) = pieces(blocks(audio, 1_000), Unasked())
    assert np.array_equal(piece.audio, audio)
    assert (piece.cut.start, piece.cut.overlap) == (0.0, 0.0)
    assert piece.cut.end == pytest.approx(seconds)


def test_no_audio_is_no_piece() -> None:
    assert list(pieces([], Unasked())) == []
    assert list(pieces([recordings.silence(0)], Unasked())) == []


def test_a_long_silence_is_no_piece() -> None:
    assert list(pieces(blocks(recordings.silence(400), 16_000), LoudSpeech())) == []


@given(talks, st.sampled_from([3.0, 6.0, 15.0]), st.integers(1_000, 200_000))
@settings(max_examples=60)
def test_pieces_hold_all_speech_in_order_and_none_is_too_long(
    audio: Samples, longest: float, size: int
) -> None:
    found = list(pieces(blocks(audio, size), LoudSpeech(), longest))
    if len(audio) <= MAX_ENGINE_SECONDS * SAMPLE_RATE:
        assert len(found) == 1
        return
    assert (heard_by(found, len(audio))[np.abs(audio) > 0.05] > 0).all()
    assert all(len(piece.audio) <= longest * SAMPLE_RATE for piece in found)
    for piece in found:
        start, end = round(piece.cut.start * SAMPLE_RATE), round(piece.cut.end * SAMPLE_RATE)
        assert np.array_equal(piece.audio, audio[start:end])


@given(talks, st.sampled_from([3.0, 6.0, 15.0]))
@settings(max_examples=60)
def test_nothing_is_doubled_but_the_overlap_of_a_cut_in_speech(
    audio: Samples, longest: float
) -> None:
    found = list(pieces([audio], LoudSpeech(), longest))
    for left, right in pairwise(found):
        shared = max(0.0, left.cut.end - right.cut.start)
        assert right.cut.overlap == pytest.approx(shared)
        assert shared <= OVERLAP + SAMPLE
        assert left.cut.start < right.cut.start
    assert heard_by(found, len(audio)).max() <= 2


@given(talks, st.integers(500, 300_000))
@settings(max_examples=30)
def test_the_sizes_of_the_blocks_change_nothing(audio: Samples, size: int) -> None:
    whole = list(pieces([audio], LoudSpeech(), 6))
    streamed = list(pieces(blocks(audio, size), LoudSpeech(), 6))
    assert [piece.cut for piece in streamed] == [piece.cut for piece in whole]


def test_cuts_lie_in_the_longest_pauses() -> None:
    audio = recording([(4, 0.2), (4, 1.0), (4, 0.3), (4, 0.9), (4, 0.2), (4, 0.2)])
    found = cuts(audio, LoudSpeech().spans(audio), 12.0)
    assert [cut.start for cut in found] == pytest.approx([0.0, 8.7, 17.95])
    assert all(cut.overlap == 0 for cut in found)


def test_a_margin_of_silence_stays_around_speech_and_more_is_left_out() -> None:
    audio = np.concatenate([recordings.silence(20), recording([(4, 30), (4, 10)])])
    first, second = pieces([audio], LoudSpeech())
    assert (first.cut.start, first.cut.end) == (20 - MARGIN, 24 + MARGIN)
    assert (second.cut.start, second.cut.end) == (54 - MARGIN, 58 + MARGIN)


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    audio = recordings.noise(40, level=0.3).clip(-1, 1)
    audio[11 * SAMPLE_RATE : int(11.1 * SAMPLE_RATE)] *= 0.3
    first, second, *_ = pieces([audio], LoudSpeech())
    assert first.cut.end == pytest.approx(11.05 + OVERLAP / 2, abs=0.05)
    assert second.cut.overlap == pytest.approx(OVERLAP)


def test_an_hour_streams_through_in_few_blocks() -> None:
    taken, most_waiting = 0, 0.0
    block = recording([(3, 0.5), (6, 0.5)])

    def hour() -> Iterator[Samples]:
        nonlocal taken
        for _ in range(360):
            taken += 1
            yield block

    for piece in pieces(hour(), LoudSpeech()):
        most_waiting = max(most_waiting, taken * 10 - piece.cut.end)
    assert taken == 360
    assert most_waiting <= 8 * PIECE_SECONDS + 10


# --- joining ----------------------------------------------------------------


def reading(text: str, logprob: float = -1.0) -> Hypothesis:
    words = text.split()
    each = logprob / max(1, len(words))
    return Hypothesis(
        text,
        tuple(Word(w, (each,), start=float(i), end=i + 1.0) for i, w in enumerate(words)),
        logprob,
    )


def transcript(*nbest: Hypothesis, revision: int = 1, confidence: float = 1.0) -> Transcript:
    return Transcript(nbest, "scripted", "none", revision, 10.0, confidence, nbest[0])


def joined(left: str, right: str, overlap: float) -> str:
    parts = [
        (Cut(0, 10), transcript(reading(left))),
        (Cut(10 - overlap, 20, overlap), transcript(reading(right))),
    ]
    return join(parts).text


def test_one_transcript_joined_is_itself() -> None:
    alone = transcript(reading("turn it on", -2), reading("turn it off", -3), confidence=0.5)
    assert join([(Cut(0, 10), alone)]) == alone


def test_words_follow_with_their_times_in_the_recording() -> None:
    parts = [
        (Cut(0, 10), transcript(reading("one two"))),
        (Cut(12, 20), transcript(reading("three"))),
    ]
    whole = join(parts)
    assert whole.text == "one two three"
    assert [word.start for word in whole.best.words] == [0.0, 1.0, 12.0]
    assert [word.end for word in whole.best.words] == [1.0, 2.0, 13.0]
    assert whole.seconds == 20


def test_a_word_without_times_stays_without() -> None:
    bare = transcript(Hypothesis("one", (Word("one", (-1.0,)),), -1.0))
    assert join([(Cut(0, 10), bare), (Cut(10, 20), bare)]).best.words[1].start is None


@pytest.mark.parametrize(
    ("left", "right", "overlap", "whole"),
    [
        ("the quick brown", "brown fox", 0.2, "the quick brown fox"),
        ("the quick Brown.", "brown fox", 0.2, "the quick Brown. fox"),
        ("the quick brown fo", "brown fox", 0.2, "the quick brown fox"),
        ("the quick brown", "ick brown fox", 0.2, "the quick brown fox"),
        ("the quick brown fo", "ick brown fox", 0.2, "the quick brown fox"),
        ("had", "had had", 0.2, "had had"),
        ("very", "very very good", 0.0, "very very very good"),
        ("the quick", "brown fox", 0.2, "the quick brown fox"),
        ("the quick brown fox", "quick brown fox runs", 1.0, "the quick brown fox runs"),
        ("the dog and the big cat", "the dog ran", 0.2, "the dog and the big cat the dog ran"),
        ("", "brown fox", 0.2, "brown fox"),
        ("the quick", "", 0.2, "the quick"),
    ],
)
def test_what_both_heard_in_the_overlap_is_kept_once(
    left: str, right: str, overlap: float, whole: str
) -> None:
    assert joined(left, right, overlap) == whole


def test_dropped_words_take_their_log_probability_with_them() -> None:
    parts = [
        (Cut(0, 10), transcript(reading("quick brown", -4))),
        (Cut(9.8, 20, 0.2), transcript(reading("brown fox", -6))),
    ]
    assert join(parts).best.logprob == pytest.approx(-4 - 3)


def test_the_first_reading_is_that_of_the_firsts_and_the_others_lose_least() -> None:
    parts = [
        (Cut(0, 10), transcript(reading("a", -5), reading("A", -4), reading("aa", -9))),
        (Cut(10, 20), transcript(reading("b", -1), reading("bb", -2))),
    ]
    assert [reading.text for reading in join(parts).nbest] == ["a b", "A b", "a bb"]
    assert join(parts).best.logprob == -6


def test_confidences_multiply_and_the_revision_is_the_oldest() -> None:
    parts = [
        (Cut(0, 10), transcript(reading("a"), revision=7, confidence=0.5)),
        (Cut(10, 20), transcript(reading("b"), revision=6, confidence=0.8)),
    ]
    assert join(parts).confidence == pytest.approx(0.4)
    assert join(parts).revision == 6


def test_what_would_have_been_heard_without_terms_is_joined_where_all_know_it() -> None:
    one, other = transcript(reading("a")), transcript(reading("b"))
    whole = join([(Cut(0, 10), one), (Cut(10, 20), other)]).unbiased
    assert whole is not None
    assert whole.text == "a b"
    unknown = Transcript((reading("b"),), "scripted", "none", 1, 10.0)
    assert join([(Cut(0, 10), one), (Cut(10, 20), unknown)]).unbiased is None


def test_terms_are_named_once() -> None:
    term = Hypothesis("yeet", (Word("yeet", (-1.0,), term="yeet"),), -1.0, ("yeet",))
    assert join([(Cut(0, 1), transcript(term)), (Cut(1, 2), transcript(term))]).best.terms == (
        "yeet",
    )
