"""48 kHz to 16 kHz in a stream that gives exactly one sample for three, at once.

A general resampler holds samples back and gives them in bursts. Here a packet of 20 ms is
320 samples, always, so that whoever counts packets counts samples.
"""

from __future__ import annotations

import numpy as np

from earwitness.model import Samples

FACTOR = 3
BLOCK = 120
"""Samples computed at a time; every Opus frame is a multiple of these 2.5 ms."""
BLOCKS = 3
"""How many of them a filtered sample may depend on: its own and those before."""
TAPS = (BLOCKS - 1) * BLOCK + FACTOR
CUTOFF = 7_400 / 48_000
"""Half the gain here: all of it below 6.9 kHz, -80 dB above 7.9 kHz."""
BETA = 8.0
DELAY = (TAPS - 1) // 2 / 48_000
"""Seconds."""


def _filter() -> Samples:
    """A low pass: sinc under a Kaiser window (Oppenheim & Schafer, section 7.6)."""
    at = np.arange(TAPS) - (TAPS - 1) / 2
    taps = np.sinc(2 * CUTOFF * at) * np.kaiser(TAPS, BETA)
    return np.asarray(taps / taps.sum(), np.float32)


def _as_matrix(taps: Samples) -> Samples:
    """``BLOCKS`` blocks in a row, times this, are every third filtered sample of the last."""
    matrix = np.zeros((BLOCKS * BLOCK, BLOCK // FACTOR), np.float32)
    for at in range(BLOCK // FACTOR):
        matrix[FACTOR * at : FACTOR * at + TAPS, at] = taps[::-1]
    return matrix


_MATRIX = _as_matrix(_filter())


class Decimator:
    """One stream."""

    def __init__(self) -> None:
        self._before = np.zeros((BLOCKS - 1, BLOCK), np.float32)

    def next(self, samples: Samples) -> Samples:
        """A multiple of ``BLOCK`` samples -> a third as many."""
        blocks = np.concatenate([self._before, samples.reshape(-1, BLOCK)])
        new = len(blocks) - len(self._before)
        self._before = blocks[new:].copy()
        rows = np.hstack([blocks[first : first + new] for first in range(BLOCKS)])
        filtered: Samples = rows @ _MATRIX
        return filtered.reshape(-1)
