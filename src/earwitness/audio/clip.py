"""Clips as they are kept: FLAC, 16 bits, in memory only.

The reader rounds to 16 bits already, so what is kept is what was heard, to the bit.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from earwitness.audio.samples import from_int16, to_int16
from earwitness.errors import AudioError
from earwitness.model import SAMPLE_RATE, Samples

_OPTIONS = {"fflags": "+bitexact", "metadata_header_padding": "0"}
OPUS_BITS_A_SECOND = 24_000
_DAMAGED = "The kept clip is damaged: it is not the FLAC that was written."


def encode_flac(samples: Samples) -> bytes:
    """The same bytes for the same samples, as long as the libraries stay the same.

    Raises AudioError for no samples, or samples that are not numbers.
    """
    if not samples.size or not np.isfinite(samples).all():
        raise AudioError("A clip needs samples, and every sample must be a number.")
    out = io.BytesIO()
    with av.open(out, "w", format="flac", options=_OPTIONS) as file:
        stream: Any = file.add_stream("flac", rate=SAMPLE_RATE)
        stream.layout, stream.format = "mono", "s16"
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for frame in (*_frames(to_int16(samples)), None):
            file.mux(stream.encode(frame))
    return out.getvalue()


def encode_ogg_opus(samples: Samples) -> bytes:
    """A small copy for a slow line, some 24 kbit/s. Raises as ``encode_flac``."""
    if not samples.size or not np.isfinite(samples).all():
        raise AudioError("A clip needs samples, and every sample must be a number.")
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as file:
        stream: Any = file.add_stream("libopus", rate=SAMPLE_RATE)
        stream.layout, stream.format, stream.bit_rate = "mono", "s16", OPUS_BITS_A_SECOND
        for frame in (*_frames(to_int16(samples)), None):
            file.mux(stream.encode(frame))
    return out.getvalue()


def decode_flac(content: bytes) -> Samples:
    """Only for clips of our own: decodes in this process. Raises AudioError."""
    try:
        with av.open(io.BytesIO(content), "r", format="flac") as file:
            pcm = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    except (FFmpegError, ValueError, IndexError) as error:
        raise AudioError(_DAMAGED) from error
    # FLAC carries the MD5 of its samples (RFC 9639, section 8.2).
    if hashlib.md5(pcm.tobytes(), usedforsecurity=False).digest() != content[26:42]:
        raise AudioError(_DAMAGED)
    return from_int16(pcm)


def audio_frame(pcm: NDArray[np.int16], start: int) -> Any:
    """Samples as PyAV takes them; ``start`` is how many came before."""
    block = np.ascontiguousarray(pcm).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE, start
    frame.time_base = Fraction(1, SAMPLE_RATE)
    return frame


def _frames(pcm: NDArray[np.int16]) -> Iterator[Any]:
    for start in range(0, len(pcm), SAMPLE_RATE):
        yield audio_frame(pcm[start : start + SAMPLE_RATE], start)
