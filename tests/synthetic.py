"""Synthetic recordings for the room of sound, and how loud what is in them is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.recording import Recording

RATE = 16_000


def recording(*channels: NDArray[np.float64] | NDArray[np.float32], rate: int = RATE) -> Recording:
    return Recording(np.stack(channels, axis=1).astype(np.float32), rate)


def tone(
    hz: float, seconds: float = 2.0, level: float = 0.1, rate: int = RATE
) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def noise(
    seconds: float = 2.0, level: float = 0.1, seed: int = 0, rate: int = RATE
) -> NDArray[np.float64]:
    return level * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def bursts(seconds: float = 4.0, rate: int = RATE) -> NDArray[np.float64]:
    """A voice-like buzz of 137 Hz and its harmonics, on and off five times in two seconds."""
    buzz = sum(tone(137 * k, seconds, 0.1 / k, rate) for k in range(1, 25))
    at = np.arange(round(seconds * rate)) / rate
    return np.asarray(buzz) * np.clip(4 * np.sin(2 * np.pi * 2.5 * at), 0, 1)


def level(samples: NDArray[np.float32], hz: float, rate: int = RATE) -> float:
    """In dB, of one frequency; the ends are left out, so that no edge counts."""
    inner = samples[len(samples) // 8 : -len(samples) // 8].astype(np.float64)
    inner = inner * np.hanning(len(inner))
    turning = np.exp(-2j * np.pi * hz * np.arange(len(inner)) / rate)
    return float(20 * np.log10(4 * abs(inner @ turning) / len(inner) + 1e-12))


def rms_db(samples: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def snr(clean: NDArray[np.float64], heard: NDArray[np.float32]) -> float:
    """In dB, of what is clean against how the other differs from it; the best gain is allowed."""
    gain = float(clean @ heard) / float(heard.astype(np.float64) @ heard)
    return float(10 * np.log10(np.sum(clean**2) / np.sum((clean - gain * heard) ** 2)))
