"""Filters of second order: Bristow-Johnson, "Cookbook formulae for audio EQ biquad filters".

A filter is a row of scipy's second-order sections, ``[b0, b1, b2, 1, a1, a2]``. All are run
forwards and backwards, which shifts nothing in time and doubles every gain in dB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.kinds import Signal

Sections = NDArray[np.float64]
"""Shape ``[sections, 6]``."""


def peaking(rate: int, hz: float, db: float, q: float) -> Sections:
    """Raises or lowers what is near ``hz`` by ``db``; ``q`` is ``hz`` over the width."""
    amplitude, (cosine, alpha) = 10 ** (db / 40), _angle(rate, hz, q)
    return _section(
        (1 + alpha * amplitude, -2 * cosine, 1 - alpha * amplitude),
        (1 + alpha / amplitude, -2 * cosine, 1 - alpha / amplitude),
    )


def notch(rate: int, hz: float, q: float) -> Sections:
    """Takes ``hz`` away; 3 dB down at both ends of its width."""
    cosine, alpha = _angle(rate, hz, q)
    return _section((1, -2 * cosine, 1), (1 + alpha, -2 * cosine, 1 - alpha))


def both_ways(signal: Signal, sections: Sections, settles: int) -> Signal:
    """Forwards and backwards. ``settles`` samples are mirrored at both ends before."""
    from scipy.signal import sosfiltfilt  # takes a second, and few processes need it

    pad = min(settles, len(signal) - 1)
    filtered = sosfiltfilt(sections, signal.astype(np.float64), padlen=pad)
    return np.asarray(filtered, np.float32)


def _angle(rate: int, hz: float, q: float) -> tuple[float, float]:
    """The cookbook's cos(w0) and alpha."""
    w0 = 2 * np.pi * hz / rate
    return float(np.cos(w0)), float(np.sin(w0) / (2 * q))


def _section(b: tuple[float, ...], a: tuple[float, ...]) -> Sections:
    return np.array([[*b, *a]]) / a[0]
