"""The guard of loudness: BS.1770, never louder, never over the ceiling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.audio.loudness import ABOVE_WHOLE, PEAK_ABOVE, guarded, loudness, softened
from earwitness.model import SAMPLE_RATE, Samples


def tone(seconds: float, level: float, hz: float = 997.0) -> Samples:
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def test_a_full_scale_tone_has_the_loudness_that_the_standard_gives() -> None:
    """BS.1770-4, annex 1: a 997 Hz sine of 0 dBFS in one channel reads -3.01 LKFS."""
    whole, momentary = loudness(tone(3.0, 1.0))
    assert whole == pytest.approx(-3.01, abs=0.1)
    assert momentary == pytest.approx(-3.01, abs=0.1)


def test_a_loud_clip_is_turned_down_to_what_is_asked_for() -> None:
    heard = guarded(tone(2.0, 0.9), -23.0)
    assert loudness(heard.samples)[0] == pytest.approx(-23.0, abs=0.1)
    assert heard.turned_down == pytest.approx(heard.lufs + 23.0)


def test_a_quiet_clip_is_left_alone() -> None:
    quiet = tone(2.0, 0.01)
    heard = guarded(quiet, -23.0)
    assert np.array_equal(heard.samples, quiet)
    assert (heard.turned_down, heard.limited) == (0.0, False)


def test_a_shout_in_a_quiet_clip_is_turned_down() -> None:
    """The whole is quiet by the standard's mean; the loudest 0.4 s is what hurts."""
    clip = np.concatenate([tone(20.0, 0.03), tone(0.4, 0.9), tone(20.0, 0.03)])
    heard = guarded(clip, -23.0)
    assert loudness(heard.samples)[1] <= -23.0 + ABOVE_WHOLE + 0.1


def test_a_bang_is_limited_and_the_speech_around_it_is_not() -> None:
    clip = tone(3.0, 0.05)
    clip[SAMPLE_RATE : SAMPLE_RATE + 40] = 1.0
    heard = guarded(clip, -23.0)
    assert heard.limited
    assert np.abs(heard.samples).max() <= 10 ** ((-23.0 + PEAK_ABOVE) / 20) + 1e-6
    assert np.array_equal(heard.samples[: SAMPLE_RATE // 2], clip[: SAMPLE_RATE // 2])


@pytest.mark.parametrize("samples", [0, 1, 10, 6399, 6400])
def test_short_and_silent_clips_are_measured_too(samples: int) -> None:
    silent = guarded(np.zeros(samples, np.float32), -23.0)
    assert silent.lufs == -np.inf
    loud = guarded(np.full(samples, 0.9, np.float32), -23.0)
    assert len(loud.samples) == samples
    assert not samples or np.abs(loud.samples).max() <= 0.9


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=200),
    st.floats(-60, -5),
    st.integers(1, 60),
)
def test_nothing_is_ever_louder_or_over_the_ceiling(
    values: list[float], loudest: float, times: int
) -> None:
    clip = np.tile(np.array(values, np.float32), times)
    heard = guarded(clip, loudest).samples
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    assert (np.abs(heard) <= np.abs(clip) + 1e-6).all()
    assert np.abs(heard).max() <= min(1.0, 10 ** ((loudest + PEAK_ABOVE) / 20)) + 1e-6


def test_what_is_compared_is_softer_by_one_gain_and_keeps_its_shape() -> None:
    clip = tone(3.0, 0.05)
    clip[SAMPLE_RATE] = 0.9
    heard = softened(clip, -23.0)
    assert np.abs(heard.samples).max() <= 10 ** ((-23.0 + PEAK_ABOVE) / 20) + 1e-6
    assert np.allclose(heard.samples * 10 ** (heard.turned_down / 20), clip, atol=1e-6)
    assert not heard.limited
    silent = np.zeros(SAMPLE_RATE, np.float32)
    assert softened(silent, -23.0).turned_down == 0.0
    assert loudness(softened(tone(2.0, 0.9), -23.0).samples)[0] == pytest.approx(-23.0, abs=0.1)
