"""Clips as they are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests import recordings

from earwitness.audio.clip import decode_flac, encode_flac
from earwitness.errors import AudioError
from earwitness.model import SAMPLE_RATE


@given(arrays(np.int16, st.integers(1, 5_000)))
def test_sixteen_bits_are_kept_to_the_bit(pcm: np.ndarray) -> None:
    samples = pcm.astype(np.float32) / 32768
    kept = decode_flac(encode_flac(samples))
    assert kept.dtype == np.float32
    assert np.array_equal(kept, samples)


@pytest.mark.parametrize("length", [1, 15, 16, 4_607, 4_608, 4_609, 16_000, 16_001, 500_000])
def test_every_length_is_kept(length: int) -> None:
    samples = np.rint(recordings.noise(32)[:length] * 1000) / 1000
    assert len(decode_flac(encode_flac(samples.astype(np.float32)))) == length


def test_finer_samples_are_rounded_to_the_nearest() -> None:
    samples = recordings.noise(1)
    assert np.abs(decode_flac(encode_flac(samples)) - samples).max() <= 0.5 / 32768


def test_beyond_full_scale_is_clipped_and_never_wraps() -> None:
    kept = decode_flac(encode_flac(np.array([2.0, -2.0, 1.0], np.float32)))
    assert kept.tolist() == [32767 / 32768, -1.0, 32767 / 32768]


def test_the_same_samples_give_the_same_bytes() -> None:
    samples = recordings.noise(3)
    assert encode_flac(samples) == encode_flac(samples.copy())


def test_a_clip_takes_less_than_its_samples() -> None:
    assert len(encode_flac(recordings.tone(10))) < 10 * SAMPLE_RATE * 2 * 0.7


@pytest.mark.parametrize("samples", [[], [0.0, float("nan")], [float("inf")]])
def test_what_is_no_sound_is_no_clip(samples: list[float]) -> None:
    with pytest.raises(AudioError, match="clip"):
        encode_flac(np.array(samples, np.float32))


@given(st.data())
@settings(max_examples=200)
def test_a_changed_clip_is_never_taken_for_the_one_that_was_kept(data: st.DataObject) -> None:
    samples = np.rint(recordings.tone(0.5) * 32768).astype(np.float32) / 32768
    content = bytearray(encode_flac(samples))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        kept = decode_flac(bytes(content))
    except AudioError:
        return
    assert np.array_equal(kept, samples)


@pytest.mark.parametrize("length", [0, 1, 4, 42, 100, 2_000])
def test_a_clip_that_is_cut_short_is_damaged(length: int) -> None:
    with pytest.raises(AudioError, match="damaged"):
        decode_flac(encode_flac(recordings.noise(1))[:length])
