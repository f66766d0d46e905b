"""From samples as they come to those of the program: in -1 to 1, at one rate, 16 bits.

Every way into the program ends on the 16-bit grid, so that what the recogniser hears and
what is kept of it are the same to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.model import SAMPLE_RATE, Samples

_FULL_SCALE = 32768


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Nearest 16-bit values; beyond full scale is clipped."""
    scaled: Samples = np.rint(samples * np.float32(_FULL_SCALE))
    return scaled.clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def from_int16(values: NDArray[np.int16]) -> Samples:
    """In -1 to 1, exactly."""
    return values.astype(np.float32) / np.float32(_FULL_SCALE)


def on_grid(samples: Samples) -> Samples:
    """Rounded to 16 bits. Doing it twice changes nothing."""
    return from_int16(to_int16(samples))


def from_integers(values: NDArray[Any]) -> NDArray[Any]:
    """Unsigned 8-bit or signed integers of any width -> the same shape in -1 to 1."""
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128) / 128
    return values / np.float32(-float(np.iinfo(values.dtype).min))


class Resampler:
    """A mono stream at ``rate`` -> the same at ``SAMPLE_RATE``, block by block."""

    def __init__(self, rate: int) -> None:
        same = rate == SAMPLE_RATE
        self._stream = None if same else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def next(self, block: Samples, *, last: bool = False) -> Samples:
        """What is ready by now; with the ``last`` block, all that is left."""
        if self._stream is None:
            return block
        ready: Samples = self._stream.resample_chunk(block, last=last)
        return ready
