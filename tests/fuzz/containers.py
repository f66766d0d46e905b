"""What a sound file says of itself."""

from __future__ import annotations

import struct
from contextlib import suppress

from earwitness.errors import InputError
from earwitness.sound.integrity.containers import read

_FORM = b"fmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
_INFO = b"LIST\x10\0\0\0INFOISFT\x04\0\0\0Lavf"
SEEDS = (
    b"RIFF" + struct.pack("<I", 64) + b"WAVE" + _FORM + _INFO + b"data\x04\0\0\0\0\0\1\0",
    b"fLaC\x80\0\0\x22" + bytes(10) + b"\x03\xe8\x00\xf0\0\0\0\x10" + bytes(16) + b"\xff\xf8",
    b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead\1\1\x38\1\x80\xbb\0\0\0\0\0",
)


def check(content: bytes) -> None:
    """It is described, or it is refused."""
    with suppress(InputError):
        assert read(content).kind
