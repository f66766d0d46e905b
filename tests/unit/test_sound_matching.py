"""As loud as it was, by BS.1770."""

from __future__ import annotations

import numpy as np
import pytest
from pyloudnorm import Meter
from tests.synthetic import bursts, noise, recording, tone

from earwitness.sound.matching import loudness, matched
from earwitness.sound.recording import Recording


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_a_full_scale_tone_has_the_loudness_that_the_standard_gives(rate: int) -> None:
    """BS.1770-4, annex 1: a 997 Hz sine of 0 dBFS in one channel reads -3.01 LKFS."""
    full = recording(tone(997, 3, 1.0, rate), rate=rate)
    assert loudness(full) == pytest.approx(-3.01, abs=0.2)


def test_two_channels_measure_as_pyloudnorm_measures_them() -> None:
    two = recording(bursts(6), noise(6, 0.02))
    meant = Meter(16_000).integrated_loudness(two.samples.astype(np.float64))
    assert loudness(two) == pytest.approx(meant, abs=0.02)


def test_every_channel_counts_alike_and_there_may_be_many() -> None:
    one = tone(997, 2, 0.1)
    eight = loudness(recording(*[one] * 8))
    assert eight - loudness(recording(one)) == pytest.approx(10 * np.log10(8), abs=0.01)


def test_what_is_shorter_than_a_block_is_measured_as_if_it_went_on() -> None:
    short, long = (recording(tone(1_000, seconds, 0.1)) for seconds in (0.1, 2.0))
    assert loudness(short) == pytest.approx(loudness(long), abs=0.3)


def test_silence_has_no_loudness_and_is_left_alone() -> None:
    silence = Recording(np.zeros((16_000, 1), np.float32), 16_000)
    assert loudness(silence) == -np.inf
    result = matched(silence, recording(tone(500, 1)))
    assert result.matched_db == 0
    assert "not matched" in result.notes[0]


def test_what_is_quieter_than_the_gate_is_matched_too() -> None:
    before, after = recording(tone(1_000, 2, 2e-5)), recording(tone(1_000, 2, 1e-2))
    result = matched(before, after)
    assert result.matched_db == pytest.approx(20 * np.log10(2e-5 / 1e-2), abs=0.1)


def test_a_float_recording_over_full_scale_is_lowered_and_it_is_said() -> None:
    loud = recording(tone(1_000, 2, 2.0))
    result = matched(loud, loud)
    assert np.abs(result.recording.samples).max() <= 1.0
    assert result.softer_db == pytest.approx(-6.02, abs=0.01)
