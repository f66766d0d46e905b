"""Raw PCM as devices send it -> the samples of the program."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.audio.downmix import Downmix
from earwitness.audio.samples import Resampler, from_integers, on_grid
from earwitness.errors import ProtocolError
from earwitness.model import Samples

RATES = range(8_000, 192_001)
WIDTHS = range(1, 5)
CHANNELS = range(1, 9)
_MIXES_A_SECOND = 100
"""Several channels are mixed in stretches of their own, however the bytes are cut."""


class PcmStream:
    """One stream of interleaved little-endian integers; ``width`` is bytes a sample.

    One byte is unsigned, as in WAV files; two to four are signed. What comes out is mono,
    16 kHz, on the 16-bit grid, and depends on the bytes alone, not on how they were cut
    into blocks. Raises ProtocolError, which names what is wrong, for a format that is
    not supported.
    """

    def __init__(self, rate: int, width: int, channels: int) -> None:
        _check(rate, "samples a second", RATES, "rate")
        _check(width, "bytes a sample", WIDTHS, "width")
        _check(channels, "channels", CHANNELS, "channels")
        self._rate, self._width, self._channels = rate, width, channels
        self._frame = width * channels
        self._unit = self._frame * (1 if channels == 1 else rate // _MIXES_A_SECOND)
        self._waiting = bytearray()
        self._mix = Downmix()
        self._resampler = Resampler(rate)

    def convert(self, content: bytes) -> Samples:
        """The next bytes, any number of them -> the samples that are ready, perhaps none."""
        self._waiting += content
        ready = self._waiting[: len(self._waiting) // self._unit * self._unit]
        del self._waiting[: len(ready)]
        return on_grid(self._resampler.next(self._mono(ready)))

    def finish(self) -> Samples:
        """The rest of the samples, when no more bytes come.

        Half a frame at the end never costs the frames before it: they are given back,
        and ``check_whole`` complains afterwards.
        """
        ready = self._waiting[: len(self._waiting) // self._frame * self._frame]
        del self._waiting[: len(ready)]
        return on_grid(self._resampler.next(self._mono(ready), last=True))

    def check_whole(self) -> None:
        """After ``finish``. Raises ProtocolError where the stream ended within a frame."""
        if self._waiting:
            raise ProtocolError(
                f"The audio ends {len(self._waiting)} bytes into a frame of {self._frame};"
                " everything before them was used.",
                code="partial_frame",
            )

    def _mono(self, content: bytearray) -> Samples:
        frames = from_integers(_integers(content, self._width)).reshape(-1, self._channels)
        size = self._unit // self._frame if self._channels > 1 else max(1, len(frames))
        mixed = [
            self._mix.mono(frames[first : first + size], self._rate)
            for first in range(0, len(frames), size)
        ]
        return np.concatenate(mixed) if mixed else np.zeros(0, np.float32)


def _check(value: int, unit: str, supported: range, code: str) -> None:
    if value not in supported:
        raise ProtocolError(
            f"Audio with {value} {unit} is not supported: {supported[0]} to {supported[-1]} are.",
            code=f"bad_{code}",
        )


def _integers(content: bytearray, width: int) -> NDArray[Any]:
    """Three bytes become the upper three of four."""
    if width != 3:
        return np.frombuffer(bytes(content), np.uint8 if width == 1 else f"<i{width}")
    wide = np.zeros((len(content) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(bytes(content), np.uint8).reshape(-1, 3)
    return wide.view("<i4")[:, 0]
