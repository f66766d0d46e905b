"""Speech detection on real speech and on what is none."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import moonshine_voice
import numpy as np
import pytest
from tests import recordings

from earwitness.audio.reader import Reader
from earwitness.audio.silero import CHUNK, SileroDetector, probabilities
from earwitness.model import SAMPLE_RATE, Samples


@pytest.fixture(scope="module")
def speech() -> Samples:
    """Ten seconds of "A Tale of Two Cities", which begin with 1.2 s of silence."""
    reader = Reader()
    path = Path(moonshine_voice.__file__).parent / "assets" / "two_cities.wav"
    samples = reader.read(path)[: 10 * SAMPLE_RATE]
    reader.close()
    return samples


def test_speech_is_found_where_it_is(speech: Samples) -> None:
    spans = SileroDetector().spans(speech)
    assert spans[0].start == pytest.approx(1.2, abs=0.15)
    spoken = sum(span.end - span.start for span in spans)
    assert 6 < spoken < 8.5


def test_spans_are_in_order_apart_and_within(speech: Samples) -> None:
    spans = SileroDetector(pad=0.5).spans(speech)
    assert all(0 <= span.start < span.end <= 10 for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))


def test_speech_between_silences_moves_with_them(speech: Samples) -> None:
    whole_chunks = recordings.silence(CHUNK * 63 / SAMPLE_RATE)
    later = SileroDetector().spans(np.concatenate([whole_chunks, speech, whole_chunks]))
    shift = len(whole_chunks) / SAMPLE_RATE
    spans = SileroDetector().spans(speech)
    assert len(later) == len(spans)
    assert later[0].start == pytest.approx(spans[0].start + shift, abs=0.1)


@pytest.mark.parametrize(
    "audio",
    [
        recordings.silence(3),
        recordings.noise(3, level=0.05),
        recordings.tone(3),
        recordings.silence(0),
        recordings.tone(1 / SAMPLE_RATE),
    ],
    ids=["silence", "noise", "tone", "nothing", "one sample"],
)
def test_what_is_no_speech_has_no_spans(audio: Samples) -> None:
    assert list(SileroDetector().spans(audio)) == []


def test_what_came_before_changes_nothing(speech: Samples) -> None:
    detector = SileroDetector()
    first = detector.spans(speech)
    detector.spans(recordings.noise(5))
    assert detector.spans(speech) == first


def test_threads_get_the_answers_of_one(speech: Samples) -> None:
    parts = [speech[start : start + 40_000] for start in range(0, 120_000, 10_000)]
    alone = [probabilities(part) for part in parts]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(probabilities, parts)) == alone


def test_the_network_starts_no_threads_of_its_own_and_leaves_others_their_limit() -> None:
    program = """
import os
limit = os.environ.get("OMP_THREAD_LIMIT")
from earwitness.audio.silero import probabilities
import numpy as np
before = len(os.listdir("/proc/self/task"))
probabilities(np.zeros(5120, np.float32))
print(len(os.listdir("/proc/self/task")) - before)
print(os.environ.get("OMP_THREAD_LIMIT") == limit)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "0\nTrue\n", done.stderr


def test_a_longer_least_silence_joins_what_a_shorter_one_parts(speech: Samples) -> None:
    short, long = SileroDetector(min_silence=0.1), SileroDetector(min_silence=0.6)
    assert len(long.spans(speech)) < len(short.spans(speech))


def test_speech_that_is_too_short_is_none(speech: Samples) -> None:
    word = speech[int(1.25 * SAMPLE_RATE) : int(1.6 * SAMPLE_RATE)]
    assert SileroDetector(min_speech=0.1).spans(word)
    assert not SileroDetector(min_speech=1.0).spans(word)
