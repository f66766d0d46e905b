"""Hints that a recording once went through a lossy codec.

Both are weak. A microphone or a resampler cuts the spectrum off too, if less steeply; and what
a codec with long blocks has quantised shows only where its blocks are met to the sample, which
a change of level leaves and a change of rate or further processing does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.spectrum import density

EDGE_HZ = 400.0
"""A codec's low-pass falls within less than this."""
EDGE_DB = 25.0
HIGHEST_EDGE = 0.95
"""Of half the rate: above it any converter cuts off."""
BLOCK = 1024
"""Coefficients in a long block of AAC."""
LEAST_BLOCKS, MOST_BLOCKS = 8, 24
SMALL = 2e-6
"""What becomes of a coefficient of zero when the samples are kept in 16 bits is noise of some
1e-5 each; in a true block most of the highest are no more than that."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Where the spectrum falls by ``fall_db`` within 400 Hz."""

    hertz: float
    fall_db: float


def edge(samples: NDArray[np.float32], rate: int) -> Edge | None:
    """The steepest fall of the mean spectrum, over half of what is recorded; None if gentle."""
    window = 1 << (rate // 40).bit_length()
    step = rate / window
    levels = 10 * np.log10(density(samples, rate, window) + 1e-16)
    reach = max(1, round(EDGE_HZ / step))
    smooth = np.convolve(levels, np.full(5, 0.2), "same")[: int(HIGHEST_EDGE * len(levels))]
    falls = smooth[:-reach] - smooth[reach:]
    falls[: len(falls) // 4] = 0.0
    place = int(falls.argmax())
    if falls[place] < EDGE_DB or smooth[place + reach :].max() > smooth[place] - EDGE_DB / 2:
        return None
    return Edge((place + reach / 2) * step, float(falls[place]))


def block_grid(samples: NDArray[np.float32]) -> tuple[int, float]:
    """At which of 1024 offsets blocks look quantised, and how far that stands out.

    The offset whose modified discrete cosine transforms (Princen, Bradley 1987; sine window)
    have the smallest coefficients in the mean of logarithms; the second number is how many
    deviations it lies from the others. After Yang, Qu, Huang 2009, "Detecting digital audio
    forgeries by checking frame offsets". Zero deviations where there is too little sound.
    """
    count = min(MOST_BLOCKS, len(samples) // BLOCK - 2)
    if count < LEAST_BLOCKS:
        return 0, 0.0
    start = _loudest(samples, (count + 2) * BLOCK)
    heard = samples[start : start + (count + 2) * BLOCK].astype(np.float64)
    smallness = np.array([_smallness(heard[offset:], count) for offset in range(BLOCK)])
    middle = float(np.median(smallness))
    spread = 1.4826 * float(np.median(np.abs(smallness - middle)))
    best = int(smallness.argmin())
    deviations = (middle - smallness[best]) / spread if spread > 0 else 0.0
    return (start + best) % BLOCK, float(deviations)


def _smallness(heard: NDArray[np.float64], count: int) -> float:
    frames = np.lib.stride_tricks.sliding_window_view(heard, 2 * BLOCK)[::BLOCK][:count]
    coefficients = mdct(frames * _SINE)
    return float(np.log(np.abs(coefficients) + SMALL).mean())


def mdct(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[frames, 2 n]`` -> ``[frames, n]``, scaled so that its window's squares add up to one.

    By folding and a DCT-IV, which is the same sum (Malvar 1992, "Signal Processing with Lapped
    Transforms").
    """
    from scipy.fft import dct

    half = frames.shape[1] // 2
    first, second, third, fourth = np.split(frames, 4, axis=1)
    folded = np.concatenate([-third[:, ::-1] - fourth, first - second[:, ::-1]], axis=1)
    found: NDArray[np.float64] = dct(folded, type=4, axis=1) / np.sqrt(2 * half)
    return found


_SINE = np.sin(np.pi * (np.arange(2 * BLOCK) + 0.5) / (2 * BLOCK))


def _loudest(samples: NDArray[np.float32], length: int) -> int:
    """Where the stretch of this length with most energy begins, in blocks."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    energy = np.square(blocks, dtype=np.float64).sum(axis=1)
    sums = np.convolve(energy, np.ones(length // BLOCK), "valid")
    return int(sums.argmax()) * BLOCK
