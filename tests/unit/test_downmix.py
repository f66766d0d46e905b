"""Several channels become one that can be heard."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from tests import recordings
from tests.recordings import Audio

from earwitness.audio.decode_child import decode

SECONDS = 3.0


def decoded(*channels: Audio, kind: str = "wav") -> NDArray[np.int16]:
    """Through a real file and the real decoder, in this process."""
    return np.concatenate(
        list(decode(io.BytesIO(recordings.encode(np.stack(channels), kind=kind))))
    )


def sounds(audio: NDArray[np.int16]) -> float:
    return float(np.sqrt(np.mean(np.square(audio / 32768.0))))


def samples(audio: Audio) -> NDArray[np.int16]:
    return np.rint(audio * 32768).astype(np.int16)


TONE = recordings.tone(SECONDS)
NOISE, OTHER = (recordings.noise(SECONDS, seed=seed) for seed in (1, 2))


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus"])
def test_channels_in_antiphase_are_heard(kind: str) -> None:
    assert sounds(decoded(TONE, -TONE, kind=kind)) == pytest.approx(sounds(samples(TONE)), rel=0.1)


def test_of_channels_in_antiphase_it_is_one_and_the_same_all_along() -> None:
    assert np.abs(decoded(NOISE, -NOISE).astype(int) - samples(NOISE)).max() <= 1
    louder = 1.1 * NOISE
    assert np.abs(decoded(-NOISE, louder).astype(int) - samples(louder)).max() <= 1


@pytest.mark.parametrize(
    "other",
    [NOISE, 0 * NOISE, OTHER, -0.5 * NOISE, (NOISE + OTHER) / 2],
    ids=["the same", "silent", "unrelated", "half against it", "partly the same"],
)
def test_other_channels_become_their_mean_to_the_bit(other: Audio) -> None:
    meant = (samples(NOISE).astype(np.float32) + samples(other)) / 2
    np.testing.assert_array_equal(decoded(NOISE, other), np.rint(meant).astype(np.int16))


def test_one_channel_of_eight_that_speaks_is_no_antiphase() -> None:
    silent = [0 * NOISE] * 7
    meant = np.rint(samples(NOISE).astype(np.float32) / 8).astype(np.int16)
    np.testing.assert_array_equal(decoded(NOISE, *silent), meant)


def test_a_beginning_in_phase_does_not_silence_the_rest() -> None:
    tone = recordings.tone(15)
    third = len(tone) // 3
    other = np.concatenate([tone[:third], -tone[third:]])
    heard = decoded(tone, other, kind="flac")
    for part in (heard[:third], heard[-third:]):
        assert sounds(part) == pytest.approx(sounds(samples(tone)), rel=0.1)


def test_silence_stays_silent() -> None:
    assert not decoded(0 * TONE, 0 * TONE).any()
