"""So that no clip hurts: how loud it is, and the same clip no louder than is asked for.

Loudness is that of ITU-R BS.1770-4, in LUFS, as pyloudnorm measures it: of the whole clip
and of its loudest 0.4 s. Whatever is too loud is turned down as a whole; single peaks that
then still stand out are limited. Nothing is ever made louder.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from earwitness.model import SAMPLE_RATE, Samples

BLOCK_SECONDS = 0.4
"""What BS.1770 calls momentary; a shorter clip is measured as if it went on."""
ABOVE_WHOLE = 6.0
"""How far the loudest 0.4 s may be above what the whole clip may be, in LU."""
PEAK_ABOVE = 15.0
"""How far a peak may be above it, in dB: speech as it is does not reach that."""
REACH = SAMPLE_RATE * 4 // 1000
"""Over so many samples to both sides a limited peak comes and goes."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A clip as it may start. ``lufs`` is how loud it was, minus infinity for silence.

    ``turned_down`` is by how many dB; ``limited`` whether single peaks were cut besides.
    """

    samples: Samples
    lufs: float
    turned_down: float
    limited: bool


def guarded(samples: Samples, loudest: float) -> Guarded:
    """The clip with a loudness of at most ``loudest``, in LUFS. Returns the same length."""
    lufs, momentary = loudness(samples)
    excess = max(lufs, momentary - ABOVE_WHOLE) - loudest
    turned_down = max(0.0, excess)
    softer = samples * np.float32(10 ** (-turned_down / 20))
    ceiling = _ceiling(loudest)
    limited = bool(softer.size) and float(np.abs(softer).max()) > ceiling
    return Guarded(_limit(softer, ceiling) if limited else softer, lufs, turned_down, limited)


def softened(samples: Samples, loudest: float) -> Guarded:
    """As ``guarded``, by one gain alone: peaks keep their shape, and the whole is softer for it.

    For who compares two versions, where a limiter would work on one of them.
    """
    lufs, momentary = loudness(samples)
    peak = float(np.abs(samples).max(initial=0.0))
    over = 20 * float(np.log10(peak / _ceiling(loudest))) if peak > 0 else 0.0
    turned_down = max(0.0, max(lufs, momentary - ABOVE_WHOLE) - loudest, over)
    return Guarded(samples * np.float32(10 ** (-turned_down / 20)), lufs, turned_down, False)


def loudness(samples: Samples) -> tuple[float, float]:
    """Of the whole clip and of its loudest 0.4 s, in LUFS."""
    from pyloudnorm import Meter  # takes a second, and few processes need it

    if not samples.size or not np.abs(samples).max() > 0:
        return -np.inf, -np.inf
    times = int(np.ceil((BLOCK_SECONDS + 0.1) * SAMPLE_RATE / samples.size))
    meter: Any = Meter(SAMPLE_RATE, block_size=BLOCK_SECONDS)
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # of clips under its gate
        whole = float(meter.integrated_loudness(np.tile(samples.astype(np.float64), times)))
        return whole, float(np.max(meter.blockwise_loudness))


def _ceiling(loudest: float) -> float:
    return float(min(1.0, 10 ** ((loudest + PEAK_ABOVE) / 20)))


def _limit(samples: Samples, ceiling: float) -> Samples:
    """No sample over the ceiling; the gain is the least that is needed nearby, smoothed.

    A mean of minima, each over a window that holds the sample, is never more than what
    that sample needs.
    """
    needed = np.minimum(1.0, ceiling / np.maximum(np.abs(samples), 1e-9))
    gain = _over(_over(needed, np.min), np.mean)
    limited: Samples = (samples * gain).astype(np.float32)
    return limited


def _over(values: NDArray[np.float64], reduce: Any) -> NDArray[np.float64]:
    """A running ``reduce`` over ``REACH`` samples to both sides."""
    windows = sliding_window_view(np.pad(values, REACH, mode="edge"), 2 * REACH + 1)
    reduced: NDArray[np.float64] = reduce(windows, axis=-1)
    return reduced
