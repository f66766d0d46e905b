"""Short-time spectra: the one place where sound becomes frequencies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Powers = NDArray[np.float64]

_AT_ONCE = 256
"""Frames in memory at a time."""


def frame_powers(samples: NDArray[np.float32], window: int, hop: int) -> Iterator[Powers]:
    """One channel ``[samples]`` -> blocks of one-sided spectra, ``[frames, window // 2 + 1]``.

    Hann window, scaled so that a sine of full scale between two edges reads 0.5, its mean
    square. Frames that would need samples behind the end are left out.
    """
    if len(samples) < window:
        return
    shape = np.hanning(window + 1)[:-1]
    scale = np.full(window // 2 + 1, 2.0 / shape.sum() ** 2)
    scale[[0, -1] if window % 2 == 0 else [0]] /= 2
    frames = sliding_window_view(samples, window)[::hop]
    for first in range(0, len(frames), _AT_ONCE):
        spectra = np.fft.rfft(frames[first : first + _AT_ONCE] * shape, axis=1)
        yield np.abs(spectra) ** 2 * scale


def density(samples: NDArray[np.float32], rate: int, window: int) -> Powers:
    """The mean square in each Hz, ``[window // 2 + 1]``: Welch 1967, half overlapping.

    A recording shorter than ``window`` is filled up with zeros.
    """
    padded = np.pad(samples, (0, max(0, window - len(samples))))
    count, total = 0, np.zeros(window // 2 + 1)
    for block in frame_powers(padded, window, max(1, window // 2)):
        count, total = count + len(block), total + block.sum(axis=0)
    shape = np.hanning(window + 1)[:-1]
    noise_bandwidth = rate * np.square(shape).sum() / shape.sum() ** 2
    filled = len(padded) / max(1, len(samples))
    found: Powers = total / max(1, count) / noise_bandwidth * filled
    return found
