"""Recordings as they were made: own rate and channels, 24 bits; read, written, digested.

A hostile file is decoded in another process, see ``original_child``. What is held at once
has a bound in seconds and one in samples; of a longer recording a stretch is named.
"""

from __future__ import annotations

import hashlib
import io
import math
import wave
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from earwitness.audio import decoder
from earwitness.audio.memory import MemoryFile
from earwitness.audio.wire import AUDIO, LENGTH, SECONDS, SHAPE, SHAPE_OF, STRETCH
from earwitness.errors import AudioError
from earwitness.sound.recording import Recording

MOST_VALUES = 120_000_000
"""Samples times channels that are held at once, 480 MB: ten minutes of four at 48 kHz."""
FLAC_CHANNELS = 8
BITS = 24
_CHILD = "earwitness.audio.original_child"
_ROUNDING = 0.5
"""What a recording says is decoded at times without the padding at its ends, in seconds."""
_OPTIONS = {"fflags": "+bitexact"}
_LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
"""Those of FLAC, by the number of channels (RFC 9639, section 9.1.3)."""


class Originals:
    """Reads recordings as they are. Safe to call from several threads."""

    def __init__(self, limits: decoder.Limits | None = None) -> None:
        self._limits = limits or decoder.Limits()
        self._decoders = decoder.Decoders(_CHILD, self._limits)

    def read(
        self, recording: decoder.Recording, start: float = 0.0, end: float | None = None
    ) -> Recording:
        """The stretch from ``start`` to ``end``, in seconds, as far as it is there.

        Integers of up to 24 bits are exact. Raises AudioError, which names the file: for
        what cannot be decoded, for no sound in the stretch, and for more than
        ``audio_read_seconds`` or ``MOST_VALUES``.
        """
        name = decoder.shown(recording)
        until = math.inf if end is None else end
        if not (math.isfinite(start) and 0 <= start < until):
            raise AudioError(f"{name}: a stretch goes from 0 s or later to a later moment.")
        growing = _Growing(name, start, until, self._limits.audio_read_seconds)
        request = STRETCH.pack(start, until)
        with closing(self._decoders.answers(recording, request)) as answers:
            for kind, payload in answers:
                growing.take(kind, payload)
        return growing.recording()

    def decode(self, content: bytes, start: float = 0.0, end: float | None = None) -> Recording:
        """As ``read``, of what is in memory."""
        file = MemoryFile("the recording")
        file.write(content)
        file.rewind()
        return self.read(file, start, end)

    def close(self) -> None:
        """Ends the decoding processes; a later call starts new ones."""
        self._decoders.close()


class _Growing:
    """A recording as its answers come in. Raises AudioError where it becomes too much."""

    def __init__(self, name: str, start: float, end: float, most: float) -> None:
        self._name, self._start, self._end, self._most = name, start, end, most
        self._rate, self._channels = 0, 1
        self._values = bytearray()

    def take(self, kind: bytes, payload: bytes) -> None:
        if kind == LENGTH and len(payload) == SECONDS.size:
            (said,) = SECONDS.unpack(payload)
            self._check(min(said, self._end) - self._start - _ROUNDING)
        elif kind == SHAPE and len(payload) == SHAPE_OF.size:
            self._rate, self._channels = (max(1, number) for number in SHAPE_OF.unpack(payload))
        elif kind == AUDIO and len(payload) % 4 == 0 and self._rate:
            self._values += payload
            self._check(self._count() / self._channels / self._rate)
        else:
            raise AudioError(f"{self._name}: {decoder.NO_SOUND}.")

    def recording(self) -> Recording:
        if not self._rate or self._count() % self._channels:
            raise AudioError(f"{self._name}: {decoder.NO_SOUND}.")
        values = np.frombuffer(self._values, "<f4").astype(np.float32, copy=False)
        return Recording(values.reshape(-1, self._channels), self._rate)

    def _count(self) -> int:
        return len(self._values) // 4

    def _check(self, seconds: float) -> None:
        most = self._most
        if self._rate:
            most = min(most, MOST_VALUES / self._channels / self._rate)
        if seconds > most:
            raise AudioError(
                f"{self._name}: more than {most:g} s are not held at once; name a stretch of at"
                f" most {math.floor(most)} s."
            )


@dataclass(frozen=True, slots=True)
class Written:
    """A file's content and the ending of its name."""

    content: bytes
    suffix: str


def write_original(recording: Recording) -> Written:
    """A 24-bit FLAC, or a WAV where FLAC has no room for the channels or the rate.

    The same bytes for the same samples, as long as the libraries stay the same. Raises
    AudioError for no samples, or samples that are not numbers.
    """
    if not recording.samples.size or not np.isfinite(recording.samples).all():
        raise AudioError("A recording needs samples, and every sample must be a number.")
    flac = _fits_flac(recording)
    kind, codec = ("flac", "flac") if flac else ("wav", "pcm_s24le")
    channels = recording.samples.shape[1]
    layout = _LAYOUTS[channels - 1] if channels <= len(_LAYOUTS) else f"{channels} channels"
    out = io.BytesIO()
    with av.open(out, "w", format=kind, options=_OPTIONS) as file:
        stream: Any = file.add_stream(codec, rate=recording.rate)
        stream.layout, stream.format = layout, "s32"
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for frame in (*_frames(recording, layout), None):
            file.mux(stream.encode(frame))
    return Written(out.getvalue(), f".{kind}")


def digest(recording: Recording) -> str:
    """SHA-256, in hex, of what ``write_original`` keeps: rate, channels, 24-bit samples.

    Rate and number of channels as 32-bit little-endian integers, then the samples as such,
    the channels of each moment side by side.
    """
    found = hashlib.sha256(SHAPE_OF.pack(recording.rate, recording.samples.shape[1]))
    for block in _blocks(recording):
        found.update(to_int24(block).astype("<i4").tobytes())
    return found.hexdigest()


def to_int24(samples: NDArray[np.float32]) -> NDArray[np.int32]:
    """Nearest 24-bit values; beyond full scale is clipped."""
    full = 1 << (BITS - 1)
    scaled = np.rint(samples.astype(np.float64) * full)
    values: NDArray[np.int32] = scaled.clip(-full, full - 1).astype(np.int32)
    return values


def _fits_flac(recording: Recording) -> bool:
    """As the header of a frame can say it (RFC 9639, section 9.1.2)."""
    sayable = recording.rate < 1 << 16 or recording.rate % 10 == 0
    return sayable and recording.samples.shape[1] <= FLAC_CHANNELS


def _blocks(recording: Recording) -> Iterator[NDArray[np.float32]]:
    for first in range(0, len(recording.samples), recording.rate):
        yield recording.samples[first : first + recording.rate]


def _frames(recording: Recording, layout: str) -> Iterator[Any]:
    for second, block in enumerate(_blocks(recording)):
        values = to_int24(block) << (32 - BITS)
        frame = av.AudioFrame.from_ndarray(values.reshape(1, -1), format="s32", layout=layout)
        frame.sample_rate, frame.pts = recording.rate, second * recording.rate
        frame.time_base = Fraction(1, recording.rate)
        yield frame


def write_wav(recording: Recording) -> bytes:
    """A 24-bit WAV: every program opens it, and the same samples are the same bytes for good.

    Raises AudioError for no samples, or samples that are not numbers.
    """
    if not recording.samples.size or not np.isfinite(recording.samples).all():
        raise AudioError("A recording needs samples, and every sample must be a number.")
    values = np.ascontiguousarray(to_int24(recording.samples).astype("<i4"))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(recording.samples.shape[1])
        file.setsampwidth(BITS // 8)
        file.setframerate(recording.rate)
        file.writeframes(values.view(np.uint8).reshape(-1, 4)[:, : BITS // 8].tobytes())
    return out.getvalue()
