"""The front end of YAMNet against its published definition."""

from __future__ import annotations

import numpy as np
import pytest
from tests import recordings

from earwitness.model import SAMPLE_RATE
from earwitness.sound.tagging.mel import BANDS, FFT, HOP, OFFSET, WINDOW, bands, log_mel, mel


@pytest.mark.parametrize(
    ("hertz", "expected"), [(0.0, 0.0), (700.0, 781.17), (1000.0, 999.99), (7500.0, 2773.35)]
)
def test_the_scale_is_that_of_the_htk_book(hertz: float, expected: float) -> None:
    """Section 5.4: 2595 log10(1 + f / 700), where 1000 Hz are 1000 mel."""
    found = mel(np.array([hertz]))[0]
    assert found == pytest.approx(expected, abs=0.05)
    assert found == pytest.approx(2595 * np.log10(1 + hertz / 700), abs=0.1)


def test_bands_lie_between_125_and_7500_hertz() -> None:
    weights = bands()
    assert weights.shape == (FFT // 2 + 1, BANDS)
    at = np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)
    used = at[weights.sum(axis=1) > 0]
    assert 125 < used.min() <= 125 + SAMPLE_RATE / FFT
    assert 7500 - SAMPLE_RATE / FFT <= used.max() < 7500


def test_between_the_first_centre_and_the_last_all_bins_count_once() -> None:
    """Neighbouring triangles add up to one."""
    sums = bands().sum(axis=1)
    at = np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)
    assert sums[(at > 200) & (at < 7200)] == pytest.approx(1.0)


def test_silence_is_the_logarithm_of_the_offset() -> None:
    found = log_mel(recordings.silence(0.1))
    assert found.shape == (8, BANDS)
    assert found == pytest.approx(np.log(OFFSET))


@pytest.mark.parametrize("hertz", [250.0, 440.0, 1000.0, 4000.0])
def test_a_tone_is_loudest_in_its_own_band(hertz: float) -> None:
    edges = np.linspace(*mel(np.array([125.0, 7500.0])), BANDS + 2)
    nearest = int(np.abs(edges[1:-1] - mel(np.array([hertz]))).argmin())
    loudest = log_mel(recordings.tone(0.5, hertz=hertz)).mean(axis=0).argmax()
    assert abs(int(loudest) - nearest) <= 1


def test_a_window_that_is_not_complete_is_none() -> None:
    assert log_mel(recordings.noise(1)[: WINDOW - 1]).shape == (0, BANDS)
    assert len(log_mel(recordings.noise(1)[:WINDOW])) == 1
    assert len(log_mel(recordings.noise(1)[: WINDOW + HOP])) == 2


def test_one_sample_is_a_flat_spectrum_of_its_window() -> None:
    """Of a click in the middle, where the window is 1, each band is the sum of its weights."""
    click = np.zeros(WINDOW, np.float32)
    click[WINDOW // 2] = 0.5
    assert np.exp(log_mel(click)[0]) == pytest.approx(0.5 * bands().sum(axis=0) + OFFSET, rel=1e-5)


def test_ten_times_the_sound_is_the_logarithm_of_ten_more() -> None:
    quiet = recordings.noise(0.2, level=0.1)
    assert log_mel(10 * quiet) - log_mel(quiet) == pytest.approx(np.log(10), abs=0.02)
