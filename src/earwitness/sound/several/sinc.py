"""A recording at any places between its samples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.recording import Channels

HALF = 24
"""Samples of a windowed sinc to each side."""
PHASES = 512
"""Of the table; between two of them it is interpolated, with an error of -106 dB."""
BETA = 9.0
"""Of Kaiser's window: stop band at -90 dB."""
BLOCK = 1 << 14
"""Output samples at once; memory is bounded by them."""


def sampled(samples: Channels, first: float, step: float, count: int) -> Channels:
    """``count`` values at the places ``first``, ``first + step`` and so on, in samples.

    Band-limited interpolation with a windowed sinc (Smith & Gossett 1984), low-passed where
    ``step`` is over 1; 0 outside. Shapes ``[samples, channels]`` and ``[count, channels]``.
    """
    half, table = _table(max(1.0, round(step, 2)))
    made = np.zeros((count, samples.shape[1]), np.float32)
    for start in range(0, count, BLOCK):
        places = first + step * np.arange(start, min(count, start + BLOCK), dtype=np.float64)
        made[start : start + BLOCK] = _interpolated(samples, places, half, table)
    return made


def _interpolated(
    samples: Channels, places: NDArray[np.float64], half: int, table: NDArray[np.float32]
) -> Channels:
    whole = np.floor(places).astype(np.int64)
    begin, end = int(whole[0]) - half + 1, int(whole[-1]) + half + 1
    near = _padded(samples, begin, end)
    phase = (places - whole) * PHASES
    row = np.minimum(phase.astype(np.int64), PHASES - 1)
    between = (phase - row).astype(np.float32)[:, None]
    kernel = table[row] * (1 - between) + table[row + 1] * between
    windows = np.lib.stride_tricks.sliding_window_view(near, 2 * half, axis=0)
    made: Channels = np.einsum("nct,nt->nc", windows[whole - whole[0]], kernel)
    return made


def _padded(samples: Channels, begin: int, end: int) -> Channels:
    near = np.zeros((end - begin, samples.shape[1]), np.float32)
    low, high = max(begin, 0), min(end, len(samples))
    if high > low:
        near[low - begin : high - begin] = samples[low:high]
    return near


@lru_cache(8)
def _table(stretch: float) -> tuple[int, NDArray[np.float32]]:
    """Half the length of the kernel, and its values at every phase and tap."""
    half = int(np.ceil(HALF * stretch))
    taps = np.arange(2 * half) - half + 1
    away = (taps - np.arange(PHASES + 1)[:, None] / PHASES) / stretch
    inside = np.sqrt(np.maximum(0.0, 1 - (away / HALF) ** 2))
    values = np.sinc(away) * np.i0(BETA * inside) / np.i0(BETA) / stretch
    return half, values.astype(np.float32)
