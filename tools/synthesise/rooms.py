"""Rooms and noise, made from numbers alone, so that nothing is borrowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
_DIRECT_TO_REVERBERANT = 2.0  # power ratio, about 3 dB


def room_response(rt60: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A direct path and a decaying tail (Polack's model): -60 dB after ``rt60`` seconds."""
    times = np.arange(round(rt60 * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(times.size) * 10 ** (-3 * times / rt60)
    tail[: SAMPLE_RATE // 400] = 0  # nothing arrives within 2.5 ms of the direct sound
    tail /= np.sqrt(_DIRECT_TO_REVERBERANT * np.sum(tail**2))
    tail[0] = 1
    return tail


def in_room(speech: NDArray[np.float32], response: NDArray[np.float64]) -> NDArray[np.float32]:
    """The speech as the room returns it, cut to its own length, at its own peak."""
    size = speech.size + response.size
    spectrum = np.fft.rfft(speech, size) * np.fft.rfft(response, size)
    wet = np.fft.irfft(spectrum, size)[: speech.size]
    return (wet * (np.abs(speech).max() / np.abs(wet).max())).astype(np.float32)


def pink_noise(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise with equal power in every octave above 30 Hz, like a fan or an extractor."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequencies = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 30)
    return np.fft.irfft(spectrum / np.sqrt(frequencies), samples)


def with_noise(
    speech: NDArray[np.float32], noise: NDArray[np.floating], snr_db: float
) -> NDArray[np.float32]:
    """Speech plus noise at a ratio of mean powers; scaled down where it would clip."""
    power = np.mean(speech**2) / np.mean(noise**2) / 10 ** (snr_db / 10)
    mixed = speech + noise * np.sqrt(power)
    return (mixed / max(1.0, np.abs(mixed).max() / 0.95)).astype(np.float32)
