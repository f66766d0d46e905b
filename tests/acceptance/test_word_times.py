"""The times of words in recordings whose speech is known to start and end at known moments."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.recordings import silence

from earwitness import starter
from earwitness.audio.reader import Reader
from earwitness.engines.moonshine import Moonshine
from earwitness.model import SAMPLE_RATE, Lexicon, Samples, Span
from earwitness.starter import Role

LEAD, PAUSE, TAIL = 0.4, 0.3, 0.5


@pytest.fixture(scope="module")
def engine() -> Moonshine:
    return Moonshine()


@pytest.fixture(scope="module")
def sentences() -> list[Samples]:
    """Ten sentences in ten voices, from the first loud sample to the last."""
    reader = Reader()
    clips = [reader.read(recording.path) for recording in starter.recordings(Role.REGRESSION)[:10]]
    reader.close()
    return [_trimmed(clip) for clip in clips]


def _trimmed(audio: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(audio) > 0.02 * np.abs(audio).max())
    return audio[loud[0] : loud[-1] + 1]


def _times(engine: Moonshine, audio: Samples) -> list[Span]:
    transcript = engine.decode(engine.encode(audio), Lexicon(), times=True)
    bounds = [(word.start, word.end) for word in transcript.best.words]
    return [Span(start, end) for start, end in bounds if start is not None and end is not None]


def _errors(engine: Moonshine, first: Samples, second: Samples) -> list[float]:
    """By how many seconds the outer words of two sentences in one clip are off."""
    parts = [silence(LEAD), first, silence(PAUSE), second, silence(TAIL)]
    starts = np.cumsum([0, *map(len, parts)]) / SAMPLE_RATE
    words = _times(engine, np.concatenate(parts))
    middle = (starts[2] + starts[3]) / 2
    before = [word for word in words if (word.start + word.end) / 2 < middle]
    after = words[len(before) :]
    found = [before[0].start, before[-1].end, after[0].start, after[-1].end]
    return [abs(time - known) for time, known in zip(found, starts[1:5], strict=True)]


def test_words_at_the_edges_of_sentences_have_their_times(
    engine: Moonshine, sentences: list[Samples]
) -> None:
    errors = np.array([_errors(engine, *pair) for pair in pairwise(sentences)])
    assert errors.mean() < 0.1
    assert (errors < 0.2).mean() > 0.8


def test_long_silence_before_and_after_belongs_to_no_word(
    engine: Moonshine, sentences: list[Samples]
) -> None:
    speech = sentences[0]
    words = _times(engine, np.concatenate([silence(4), speech, silence(5)]))
    assert words[0].start == pytest.approx(4, abs=0.25)
    assert words[-1].end == pytest.approx(4 + len(speech) / SAMPLE_RATE, abs=0.25)


@pytest.mark.parametrize("samples", [0, 1, 100, 800, 1_600, 4_000])
def test_a_clip_too_short_to_hold_its_words_still_has_ordered_times(
    engine: Moonshine, sentences: list[Samples], samples: int
) -> None:
    bounds = [t for word in _times(engine, sentences[0][:samples]) for t in (word.start, word.end)]
    assert bounds == sorted(bounds)
    assert all(0 <= bound <= samples / SAMPLE_RATE for bound in bounds)
    assert all(start < end for start, end in zip(bounds[0::2], bounds[1::2], strict=True))


def test_times_are_the_same_every_time(engine: Moonshine, sentences: list[Samples]) -> None:
    assert _times(engine, sentences[1]) == _times(engine, sentences[1])


def test_asking_for_times_changes_nothing_else(engine: Moonshine, sentences: list[Samples]) -> None:
    encoded = engine.encode(sentences[2])
    plain = engine.decode(encoded, Lexicon())
    timed = engine.decode(encoded, Lexicon(), times=True)
    assert [hypothesis.text for hypothesis in timed.nbest] == [h.text for h in plain.nbest]
    assert [word.logprobs for word in timed.best.words] == [w.logprobs for w in plain.best.words]
    assert engine.decode(encoded, Lexicon()) == plain
