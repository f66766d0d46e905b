"""What is measured of a recording, against signals whose levels are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from earwitness.sound.levels import measure
from earwitness.sound.recording import Recording

RATE = 16_000


def tone(
    seconds: float, level: float, hz: float = 997.0, phase: float = 0.0
) -> NDArray[np.float32]:
    at = np.arange(int(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * at + phase)).astype(np.float32)


def noise(seconds: float, level: float, seed: int = 1) -> NDArray[np.float32]:
    made = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    return (level * made).astype(np.float32)


def mono(samples: NDArray[np.float32]) -> Recording:
    return Recording(samples[:, None], RATE)


def test_a_sine_of_full_scale_has_the_levels_of_the_books() -> None:
    found = measure(mono(tone(2.0, 1.0))).overall
    assert found.peak == pytest.approx(0.0, abs=0.01)
    assert found.rms == pytest.approx(-3.01, abs=0.01)
    assert found.lufs == pytest.approx(-3.01, abs=0.1)


def test_a_peak_between_the_samples_is_found() -> None:
    """A quarter of the rate, sampled at 45 degrees: the samples are 3 dB under the wave."""
    found = measure(mono(tone(1.0, 0.5, RATE / 4, np.pi / 4))).overall
    assert found.peak == pytest.approx(-9.03, abs=0.01)
    assert found.true_peak == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("snr", [3.0, 10.0, 20.0, 30.0])
def test_a_signal_with_pauses_is_told_from_its_noise(snr: float) -> None:
    """White noise, and bursts of a tone in half of the time: within 1.5 dB."""
    bursts = tone(10.0, 0.3) * (np.arange(10 * RATE) // (RATE // 2) % 2)
    hiss = noise(10.0, 0.3 / np.sqrt(2) * 10 ** (-snr / 20))
    found = measure(mono((bursts + hiss).astype(np.float32))).overall
    assert found.snr == pytest.approx(snr, abs=1.5)


def test_a_sound_that_never_pauses_has_no_ratio_and_that_is_said() -> None:
    found = measure(mono(tone(3.0, 0.5)))
    assert found.overall.snr is None
    assert any("no SNR" in each for each in found.limits)


def test_each_channel_is_measured_and_the_whole_takes_the_mean_of_powers() -> None:
    found = measure(Recording(np.stack([tone(1.0, 0.5), tone(1.0, 0.05)], axis=1), RATE))
    left, right = found.channels
    assert left.rms - right.rms == pytest.approx(20.0, abs=0.01)
    assert found.overall.rms == pytest.approx(left.rms - 10 * np.log10(2 / 1.01), abs=0.01)
    assert found.overall.peak == left.peak


def test_a_tone_lies_in_its_third_octave() -> None:
    bands = dict(measure(mono(tone(2.0, 1.0, 1000.0))).overall.third_octaves)
    assert bands[1000.0] == pytest.approx(-3.01, abs=0.1)
    assert all(level < -40 for middle, level in bands.items() if not 790 < middle < 1260)


def test_the_bandwidth_is_that_of_the_filter() -> None:
    spectrum = np.fft.rfft(noise(4.0, 0.1))
    spectrum[np.fft.rfftfreq(4 * RATE, 1 / RATE) > 3400] = 0
    found = measure(mono(np.fft.irfft(spectrum).astype(np.float32))).overall
    assert found.bandwidth == pytest.approx(3400, abs=150)


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_the_word_that_holds_every_sample_is_found(bits: int) -> None:
    steps = 2.0 ** (bits - 1)
    found = measure(mono((np.round(noise(1.0, 0.1) * steps) / steps).astype(np.float32)))
    assert found.overall.effective_bits == bits


def test_samples_on_no_grid_have_no_word() -> None:
    assert measure(mono(noise(1.0, 0.01))).overall.effective_bits is None


def test_the_share_of_clipped_samples_is_counted() -> None:
    loud = np.clip(tone(1.0, 2.0, 100.0), -1.0, 1.0)
    assert measure(mono(loud)).overall.clipped == pytest.approx(2 / 3, abs=0.01)
    assert measure(mono(tone(1.0, 0.9, 100.0))).overall.clipped < 0.001


def test_an_offset_keeps_its_sign() -> None:
    assert measure(mono(tone(1.0, 0.1) - 0.25)).overall.dc_offset == pytest.approx(-0.25, abs=0.001)


@pytest.mark.parametrize("length", [0, 1, 2, 100, 6399, RATE])
def test_silence_of_any_length_is_measured_and_its_limits_are_said(length: int) -> None:
    found = measure(mono(np.zeros(length, np.float32)))
    assert (found.overall.rms, found.overall.snr, found.overall.bandwidth) == (-np.inf, None, None)
    assert found.limits


def test_one_sample_has_a_peak_and_nothing_that_takes_time() -> None:
    found = measure(mono(np.array([0.5], np.float32))).overall
    assert found.peak == found.rms == pytest.approx(-6.02, abs=0.01)
    assert (found.lufs, found.snr, found.noise_floor) == (None, None, None)


def test_what_json_does_not_have_is_not_written() -> None:
    written = measure(mono(np.zeros(100, np.float32))).as_json()
    assert written["overall"]["rms"] is None
    assert written["channels"][0]["effective_bits"] == 1


def test_six_channels_are_measured_without_loudness() -> None:
    found = measure(Recording(np.repeat(tone(1.0, 0.5)[:, None], 6, axis=1), RATE))
    assert found.overall.lufs is None
    assert found.channels[5].lufs is not None
    assert any("five channels" in each for each in found.limits)
