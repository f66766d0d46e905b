"""Audio frames of the device link: a header of 16 bytes and PCM, or one Opus packet.

::

    byte 0       version, 1
    byte 1       codec: 0 PCM, signed 16 bits, little-endian, 16 kHz, mono; 1 one Opus packet
    bytes 2-3    flags: bit 0, the codec begins anew with this frame; all others 0
    bytes 4-7    sequence number, from 0 on each connection, without gaps
    bytes 8-15   position of the first sample

All numbers are little-endian. Pure functions: what they refuse is a ProtocolError.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from earwitness.errors import ProtocolError
from earwitness.model import Samples
from earwitness.wire.link.messages import MAX_INTEGER, Codec

VERSION = 1
HEADER = struct.Struct("<BBHIQ")
FRESH = 1
CODECS: tuple[Codec, ...] = ("pcm16", "opus")
MAX_FRAME = 64 * 1024
MAX_OPUS = 4000
"""Bytes of a packet; what libopus recommends as the size of a buffer for any."""
MAX_SEQUENCE = (1 << 32) - 1

_FULL_SCALE = np.float32(32768)


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """``fresh``: who decodes this needs nothing that came before it. Every PCM frame is."""

    codec: Codec
    sequence: int
    position: int
    payload: bytes
    fresh: bool = True


def encode_frame(frame: AudioFrame) -> bytes:
    kind = CODECS.index(frame.codec)
    flags = FRESH if frame.fresh else 0
    return HEADER.pack(VERSION, kind, flags, frame.sequence, frame.position) + frame.payload


def decode_frame(data: bytes) -> AudioFrame:
    """Raises ProtocolError: too large, cut short, or of another version."""
    if len(data) > MAX_FRAME:
        raise ProtocolError(f"A frame has at most {MAX_FRAME} bytes, not {len(data)}.", "too_large")
    if len(data) <= HEADER.size:
        raise ProtocolError(f"A frame has a header of {HEADER.size} bytes and audio behind it.")
    version, kind, flags, sequence, position = HEADER.unpack_from(data)
    if version != VERSION or kind >= len(CODECS) or flags & ~FRESH or position > MAX_INTEGER:
        raise ProtocolError("The header of a frame is of another protocol.")
    payload = data[HEADER.size :]
    _check(CODECS[kind], payload, flags)
    return AudioFrame(CODECS[kind], sequence, position, payload, bool(flags & FRESH))


def _check(codec: Codec, payload: bytes, flags: int) -> None:
    if codec == "pcm16" and (len(payload) % 2 or not flags & FRESH):
        raise ProtocolError("A frame of PCM holds whole samples, and each begins anew.")
    if codec == "opus" and len(payload) > MAX_OPUS:
        raise ProtocolError(f"An Opus packet has at most {MAX_OPUS} bytes.", "too_large")


def from_pcm16(payload: bytes) -> Samples:
    """Float32 samples on the 16-bit grid."""
    return np.frombuffer(payload, "<i2").astype(np.float32) / _FULL_SCALE


def to_pcm16(samples: Samples) -> bytes:
    """The nearest 16-bit samples; beyond full scale is clipped."""
    scaled = np.rint(samples * _FULL_SCALE).clip(-32768, 32767)
    pcm: bytes = scaled.astype("<i2").tobytes()
    return pcm
