"""The sound of a stream that is still needed, in memory alone."""

from __future__ import annotations

import numpy as np

from earwitness.model import Samples

_SCALE, _LOUDEST = np.float32(32768), np.float32(32767)


def from_pcm(content: bytes) -> Samples:
    """16-bit little-endian -> float32."""
    return np.frombuffer(content, "<i2").astype(np.float32) / _SCALE


class Tape:
    """Samples [``start``, ``end``) of a stream, held with 16 bits each.

    Lossless, for every door delivers samples on the 16-bit grid, from -1 to 1.
    """

    def __init__(self) -> None:
        self.start = 0
        self._pcm = bytearray()

    @property
    def end(self) -> int:
        return self.start + len(self._pcm) // 2

    def write(self, samples: Samples) -> None:
        scaled = samples * _SCALE
        np.minimum(scaled, _LOUDEST, out=scaled)
        self._pcm += scaled.astype("<i2").tobytes()

    def pcm(self, first: int, end: int) -> bytes:
        """[first, end) as 16-bit little-endian. What lies outside of the tape is not in it."""
        at = 2 * max(0, first - self.start)
        return bytes(self._pcm[at : 2 * max(0, end - self.start)])

    def read(self, first: int, end: int) -> Samples:
        """A copy of [first, end), float32."""
        return from_pcm(self.pcm(first, end))

    def forget(self, until: int) -> None:
        """Drops what lies before ``until``."""
        count = min(until, self.end) - self.start
        if count > 0:
            self._pcm[: 2 * count] = bytes(2 * count)
            del self._pcm[: 2 * count]
            self.start += count
