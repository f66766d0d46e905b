"""Sound through its short-time spectra, a bounded piece at a time.

Frames have a square-root Hann window before and after, and overlap by three quarters, so
that spectra which nobody changes give the sound back (Griffin & Lim 1984).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

OVERLAP = 4
"""Frames that see each sample."""
_OVERLAPPED = OVERLAP / 2
"""What the squares of their windows add up to."""

TINY = 1e-20
"""Power far below that of one bit of 24: what nothing is divided by less than."""

Spectra = NDArray[np.complex128]
Power = NDArray[np.float64]
Transform = Callable[[Spectra, int], Spectra]
"""Spectra ``[signals, frames, bins]`` and the number of the first frame -> the same frames."""


def size_of(rate: int, milliseconds: float) -> int:
    """Samples of a frame: near to so many milliseconds, and good for a Fourier transform."""
    return max(16, 16 * round(rate * milliseconds / 16_000))


def window(size: int) -> Power:
    """The square root of a periodic Hann window."""
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size))


def spectra(samples: NDArray[Any], size: int) -> Spectra:
    """Shape ``[samples]`` -> ``[frames, bins]`` of the whole frames in it."""
    if len(samples) < size:
        return np.zeros((0, size // 2 + 1), np.complex128)
    frames = sliding_window_view(samples, size)[:: size // OVERLAP]
    found: Spectra = np.fft.rfft(frames.astype(np.float64) * window(size))
    return found


def moments(first: int, count: int, size: int, rate: int) -> Power:
    """The middles of frames of ``through``, in seconds from the start of the sound."""
    return ((np.arange(first, first + count) * (size // OVERLAP)) - size / 2) / rate


def through(
    signals: NDArray[np.float32], size: int, transform: Transform, most: int = 256
) -> NDArray[np.float32]:
    """Signals ``[signals, samples]`` -> what ``transform`` leaves, of the same length.

    ``transform`` gets consecutive pieces of at most ``most`` frames, as equal as can be;
    it may return fewer signals than it was given.
    """
    hop, length = size // OVERLAP, signals.shape[1]
    count = -(-(length + size) // hop)
    padded = np.pad(signals, ((0, 0), (size, count * hop - length)))
    frames = sliding_window_view(padded, size, axis=1)[:, ::hop][:, :count]
    made: NDArray[np.float64] | None = None
    for piece in np.array_split(np.arange(count), -(-count // most)):
        seen = np.fft.rfft(frames[:, piece].astype(np.float64) * window(size))
        kept = transform(seen, int(piece[0]))
        shaped = np.fft.irfft(kept, size) * (window(size) / _OVERLAPPED)
        if made is None:
            made = np.zeros((len(kept), padded.shape[1]))
        _add(made, shaped, int(piece[0]) * hop, hop)
    assert made is not None, "there is at least one frame"
    return made[:, size : size + length].astype(np.float32)


def _add(made: NDArray[np.float64], frames: NDArray[np.float64], at: int, hop: int) -> None:
    """Every fourth frame touches the next one without overlapping it: they add up at once."""
    for first in range(OVERLAP):
        run = frames[:, first::OVERLAP].reshape(len(frames), -1)
        made[:, at + first * hop :][:, : run.shape[1]] += run
