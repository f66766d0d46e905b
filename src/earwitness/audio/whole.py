"""Is a recording all there? Formats differ in how they say how long they are."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

EXACT = ("wav", "flac")
"""These count their samples; others round to packets and trim encoder delay."""
UNKNOWN_SIZE = 0x7FFF0000
"""A WAV that was written to a pipe says about this size, or more, or none."""
OGG_PAGE_MAX = 27 + 255 + 255 * 255


def missing_seconds(container: Any, stream: Any, decoded: float, present: float) -> float:
    """How much of a recording is missing; 0 where it does not say how long it should be.

    ``container`` and ``stream`` are PyAV's, ``decoded`` is in seconds, ``present`` is
    what ``present_share`` said of the file.
    """
    said = said_seconds(container, stream)
    if said is None:
        return 0.0
    missing = said / present - decoded
    return missing if missing > (0.0005 if container.format.name in EXACT else 0.15) else 0.0


def present_share(file: BinaryIO) -> float:
    """What share of a WAV file is there, by the size in its header; 1 for other files."""
    total, head = file.seek(0, os.SEEK_END), _read(file, 0, 12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return 1.0
    said = int.from_bytes(head[4:8], "little")
    return total / (said + 8) if total < said < UNKNOWN_SIZE else 1.0


def ends_within_page(file: BinaryIO) -> bool:
    """An Ogg file whose last page is not all there (RFC 3533, section 6)."""
    if _read(file, 0, 4) != b"OggS":
        return False
    total = file.seek(0, os.SEEK_END)
    tail = _read(file, max(0, total - OGG_PAGE_MAX), OGG_PAGE_MAX)
    page = tail[tail.rfind(b"OggS") :]
    sizes = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) < 27 or len(page) < 27 + page[26] + sum(sizes)


def said_seconds(container: Any, stream: Any) -> float | None:
    """How long the file says it is; None where it does not say, or only guesses.

    The file's own length counts only where it has no other stream that may be longer.
    An edit list can make the stream's own length too long, hence the minimum.
    """
    if container.format.name in ("aac", "amr"):
        return None
    if container.format.name == "mp3" and not stream.start_time:
        # Only the header that counts the frames also says the encoder's delay.
        return None
    known = [float(stream.duration * stream.time_base)] if stream.duration else []
    if container.duration and (known or len(container.streams) == 1):
        known.append(container.duration / 1_000_000)
    return min(known, default=None)


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    content = file.read(length)
    file.seek(0)
    return content
