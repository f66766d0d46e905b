"""Recordings of any common format, decoded in another process.

``Reader`` hears what a recogniser hears: mono, at one rate, 16 bits. See
``decode_child`` for what the decoding process cannot do, ``decoder`` for its parent.

Memory stays bounded: ``read`` refuses what is too long to hold, ``pieces`` streams.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np

from earwitness.audio.decoder import NO_SOUND, Decoders, Limits, Recording, shown
from earwitness.audio.samples import from_int16
from earwitness.audio.wire import AUDIO, LENGTH, SECONDS
from earwitness.errors import AudioError
from earwitness.model import SAMPLE_RATE, Samples

__all__ = ["Limits", "Reader", "Recording", "Told", "nobody", "shown"]

_CHILD = "earwitness.audio.decode_child"

Told = Callable[[float, float], None]
"""Told how many seconds are decoded, of how many; 0 where the recording does not say."""
_ROUNDING = 0.5
"""What a recording says is decoded at times without the padding at its ends, in seconds."""


def nobody(decoded: float, said: float) -> None:
    """Does not care how far a recording is decoded."""


class Reader:
    """Implements ``ports.AudioReader``. Safe to call from several threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._decoders = Decoders(_CHILD, self._limits)

    def read(self, recording: Recording) -> Samples:
        """The whole recording, float32 ``[samples]`` at ``SAMPLE_RATE``.

        Raises AudioError, which names the file; also where it is longer than
        ``audio_read_seconds``.
        """
        pcm = bytearray()
        for block in self._blocks(recording, "audio_read_seconds", nobody):
            pcm += block.data
        return np.frombuffer(pcm, np.float32)

    def pieces(
        self, recording: Recording, seconds: float = 1.0, told: Told = nobody
    ) -> Iterator[Samples]:
        """The recording in pieces of ``seconds``, the last one shorter.

        Holds no more than one piece and a second. Raises AudioError as ``read`` does,
        perhaps after some pieces; the limit is ``audio_stream_seconds``.
        """
        size = max(1, round(seconds * SAMPLE_RATE))
        pcm = bytearray()
        for block in self._blocks(recording, "audio_stream_seconds", told):
            pcm += block.data
            while len(pcm) >= 4 * size:
                yield np.frombuffer(pcm[: 4 * size], np.float32)
                del pcm[: 4 * size]
        if pcm:
            yield np.frombuffer(pcm, np.float32)

    def close(self) -> None:
        """Ends the decoding processes; a later call starts new ones."""
        self._decoders.close()

    def _blocks(self, recording: Recording, limit: str, told: Told) -> Iterator[Samples]:
        name = shown(recording)
        length = _Length(name, limit, getattr(self._limits, limit), told)
        with closing(self._decoders.answers(recording, b"?")) as answers:
            for kind, payload in answers:
                if kind == LENGTH and len(payload) == SECONDS.size:
                    length.said(*SECONDS.unpack(payload))
                elif kind == AUDIO and len(payload) % 2 == 0:
                    block = from_int16(np.frombuffer(payload, "<i2"))
                    length.grew(len(block))
                    yield block
                else:
                    raise AudioError(f"{name}: {NO_SOUND}.")


class _Length:
    """How long a recording says it is, and how much of it has come. Raises AudioError."""

    def __init__(self, name: str, limit: str, most: float, told: Told) -> None:
        self._name, self._limit, self._most = name, limit, most
        self._told = told
        self._said = 0.0
        self._samples = 0

    def said(self, seconds: float) -> None:
        """Refused before anything is decoded where it is too much."""
        self._said = seconds if math.isfinite(seconds) else 0.0
        self._check(self._said - _ROUNDING)

    def grew(self, samples: int) -> None:
        self._samples += samples
        self._check(self._samples / SAMPLE_RATE)
        self._told(self._samples / SAMPLE_RATE, self._said)

    def _check(self, seconds: float) -> None:
        if seconds > self._most:
            raise AudioError(
                f"{self._name}: is longer than {self._most:g} s, the most that the setting"
                f" {self._limit} allows."
            )
