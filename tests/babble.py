"""Speech-like sound for tests: syllables of noise in changing bands, the same for a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.recording import Recording
from earwitness.sound.several.sinc import sampled

RATE = 16_000
Signal = NDArray[np.float32]


def babble(seconds: float, seed: int = 0, rate: int = RATE) -> Signal:
    """Bursts of 60 to 250 ms in bands of their own, with sharp onsets and pauses between."""
    rng = np.random.default_rng(seed)
    made = np.zeros(round(seconds * rate))
    at = 0
    while at < len(made):
        length = round(rng.uniform(0.06, 0.25) * rate)
        spectrum = np.fft.rfft(rng.standard_normal(length))
        hertz = np.fft.rfftfreq(length, 1 / rate)
        centre = rng.uniform(300, 3000)
        spectrum *= np.exp(-np.square((hertz - centre) / 1500))
        burst = np.fft.irfft(spectrum, length) * np.exp(-np.arange(length) / (0.06 * rate))
        end = min(len(made), at + length)
        made[at:end] += burst[: end - at]
        at += length + round(rng.uniform(0.02, 0.2) * rate)
    return (0.3 * made / np.abs(made).max()).astype(np.float32)


def hiss(like: Signal, db: float, seed: int) -> Signal:
    """Noise so many dB under a signal."""
    noise = np.random.default_rng(seed).standard_normal(len(like))
    return (noise * np.sqrt(np.mean(like**2)) * 10 ** (-db / 20)).astype(np.float32)


def recording(samples: Signal, rate: int = RATE) -> Recording:
    return Recording(samples[:, None], rate)


def heard_by(samples: Signal, offset: float, ppm: float = 0.0, rate: int = RATE) -> Recording:
    """The same sound by a recorder whose time is ``t * (1 + ppm / 1e6) + offset``."""
    step = RATE / rate / (1 + ppm * 1e-6)
    count = int((len(samples) / RATE * (1 + ppm * 1e-6) + offset) * rate)
    return Recording(sampled(samples[:, None], -offset * rate * step, step, count), rate)
