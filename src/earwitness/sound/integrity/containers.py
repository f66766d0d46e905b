"""What the bytes of a sound file say about themselves: WAV, FLAC and Ogg.

Every length is checked against what is there before it is used. WAV is RIFF as in Microsoft's
"Multimedia Programming Interface and Data Specifications 1.0" (1991) and EBU Tech 3285 (bext);
FLAC is RFC 9639; Ogg is RFC 3533 with the headers of Opus (RFC 7845) and Vorbis I.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from earwitness.errors import InputError, TooLarge

MOST_PARTS = 100_000
"""Chunks, blocks or pages; ten minutes of Ogg have some thousands."""
MOST_TAGS = 100
LONGEST_TAG = 200
UNFINISHED = (0, 0xFFFFFFFF)
"""Lengths that a recorder writes before it knows the length."""


@dataclass(slots=True)
class Container:
    """``samples`` are those that the headers declare, one for all channels.

    None is what the format does not tell. ``md5`` is FLAC's, of the samples, None where the
    encoder left it out. ``unfinished`` is a length that was never filled in. ``software`` is
    every text that names a program, ``oddities`` is what does not fit together.
    """

    kind: str
    rate: int | None = None
    channels: int | None = None
    bits: int | None = None
    samples: int | None = None
    md5: str | None = None
    unfinished: bool = False
    software: list[str] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)


def read(content: bytes) -> Container:
    """The headers. A ``kind`` of "unknown" has nothing else; raises InputError for ruins."""
    readers = {b"RIFF": _wav, b"fLaC": _flac, b"OggS": _ogg}
    reader = readers.get(content[:4])
    if reader is None:
        return Container("unknown")
    try:
        return reader(content)
    except (struct.error, IndexError) as error:
        raise InputError("The file ends within its headers; ask for the original again.") from error


# --- WAV --------------------------------------------------------------------


def _wav(content: bytes) -> Container:
    found = Container("WAV")
    declared, form = struct.unpack_from("<I4s", content, 4)
    if form != b"WAVE":
        raise InputError("A RIFF file, but not one of sound; a recording is expected.")
    found.unfinished = declared in UNFINISHED
    if not found.unfinished and declared + 8 != len(content):
        found.oddities.append(f"the header says {declared + 8} bytes, there are {len(content)}")
    names = []
    for name, start, length in _chunks(content, found):
        names.append(name)
        _chunk(name, content[start : start + length], found)
    found.oddities += [
        f"{names.count(name)} chunks {name.decode().strip()!r} where one belongs"
        for name in (b"fmt ", b"data")
        if names.count(name) != 1
    ]
    return found


def _chunks(content: bytes, found: Container) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of each; a length that is too long is an oddity and cut."""
    at = 12
    for _ in range(MOST_PARTS):
        if at + 8 > len(content):
            break
        name, length = struct.unpack_from("<4sI", content, at)
        there = min(length, len(content) - at - 8)
        if name == b"data" and length in UNFINISHED:
            found.unfinished, there = True, len(content) - at - 8
        elif there < length:
            found.oddities.append(f"chunk {_text(name)!r} says {length} bytes, {there} are there")
        yield name, at + 8, there
        at += 8 + there + there % 2
    else:
        raise TooLarge(f"A file of more than {MOST_PARTS} chunks is not read.")
    if at < len(content):
        found.oddities.append(f"{len(content) - at} bytes behind the last chunk")


def _chunk(name: bytes, body: bytes, found: Container) -> None:
    if name == b"fmt ":
        _, found.channels, found.rate, _, size, found.bits = struct.unpack_from("<HHIIHH", body)
        if not found.rate or size != _sample_bytes(found):
            found.oddities.append("the format's sizes contradict one another")
    elif name == b"data" and (size := _sample_bytes(found)):
        found.samples = len(body) // size
        if len(body) % size:
            found.oddities.append("the last sample is incomplete")
    elif name == b"LIST" and body[:4] == b"INFO":
        _info(body, found)
    elif name == b"bext":
        found.software += _tags(body[256:288], body[602:])


def _sample_bytes(found: Container) -> int:
    return (found.channels or 0) * (((found.bits or 0) + 7) // 8)


def _info(body: bytes, found: Container) -> None:
    at = 4
    while at + 8 <= len(body) and len(found.software) < MOST_TAGS:
        name, length = struct.unpack_from("<4sI", body, at)
        if name in (b"ISFT", b"ITCH", b"IENG"):
            found.software += _tags(body[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


# --- FLAC -------------------------------------------------------------------


def _flac(content: bytes) -> Container:
    found, at = Container("FLAC"), 4
    for _ in range(MOST_PARTS):
        head = struct.unpack_from(">I", content, at)[0]
        kind, length = head >> 24 & 0x7F, head & 0xFFFFFF
        body = content[at + 4 : at + 4 + length]
        if len(body) < length:
            raise InputError("The file ends within its metadata; ask for the original again.")
        _block(kind, body, found)
        at += 4 + length
        if head >> 31:
            break
    else:
        raise TooLarge(f"A file of more than {MOST_PARTS} blocks is not read.")
    if found.rate is None:
        found.oddities.append("the stream's description is missing")
    if at >= len(content):
        found.oddities.append("there is no sound behind the headers")
    if content[-128:-125] == b"TAG":
        found.oddities.append("128 bytes of an ID3 tag behind the sound")
    return found


def _block(kind: int, body: bytes, found: Container) -> None:
    if kind == 0 and found.rate is None:
        packed = struct.unpack_from(">Q", body, 10)[0]
        found.rate, found.channels = packed >> 44, (packed >> 41 & 7) + 1
        found.bits, samples = (packed >> 36 & 31) + 1, packed & (1 << 36) - 1
        found.samples, found.unfinished = samples or None, not samples
        found.md5 = body[18:34].hex() if any(body[18:34]) else None
    elif kind == 0:
        found.oddities.append("the stream is described twice")
    elif kind == 4:
        found.software += _comments(body)


def _comments(body: bytes) -> list[str]:
    """The vendor, and the comments that name an encoder or a program."""
    length = struct.unpack_from("<I", body)[0]
    found, at = _tags(body[4 : 4 + length]), 8 + length
    for _ in range(MOST_TAGS):
        if at + 4 > len(body):
            break
        length = struct.unpack_from("<I", body, at)[0]
        comment = body[at + 4 : at + 4 + length]
        if comment.lower().startswith((b"encoder=", b"software=", b"encoded-by=", b"comment=")):
            found += _tags(comment)
        at += 4 + length
    return found


# --- Ogg --------------------------------------------------------------------

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(slots=True)
class _Stream:
    pages: int = 0
    granule: int = 0
    next: int = 0
    broken: int = 0
    lost: int = 0
    ended: bool = False
    skip: int = 0


def _ogg(content: bytes) -> Container:
    found, streams = Container("Ogg"), dict[int, _Stream]()
    at = 0
    for _ in range(MOST_PARTS):
        if content[at : at + 4] != b"OggS":
            break
        at = _page(content, at, streams, found)
    else:
        raise TooLarge(f"A file of more than {MOST_PARTS} pages is not read.")
    if at < len(content):
        found.oddities.append(f"{len(content) - at} bytes from {at} on that are no page")
    if len(streams) > 1:
        found.oddities.append(f"{len(streams)} streams, one behind or beside the other")
    for stream in streams.values():
        found.oddities += _strange(stream)
        found.samples = max(0, stream.granule - stream.skip)
    return found


def _page(content: bytes, at: int, streams: dict[int, _Stream], found: Container) -> int:
    """Takes note of the page at ``at`` and returns where the next one begins."""
    flags, granule, serial, number, _, count = struct.unpack_from("<xBqIIIB", content, at + 4)
    head = at + 27 + count
    end: int = head + sum(content[at + 27 : head])
    if end > len(content):
        found.oddities.append("the last page is cut off")
        return len(content)
    stream = streams.setdefault(serial, _Stream())
    if stream.pages < 2:
        _codec(content[head:end], stream, found)
    page = content[at:end]
    stream.broken += _checksum(page) != struct.unpack_from("<I", page, 22)[0]
    stream.lost += number != stream.next
    stream.pages, stream.next = stream.pages + 1, number + 1
    stream.granule, stream.ended = max(stream.granule, granule), bool(flags & 4)
    return end


def _codec(body: bytes, stream: _Stream, found: Container) -> None:
    """The first two pages of a stream say what it is and who wrote it."""
    if body[:8] == b"OpusHead":
        found.kind, found.channels, found.rate = "Ogg Opus", body[9], 48_000
        stream.skip = struct.unpack_from("<H", body, 10)[0]
    elif body[:7] == b"\x01vorbis":
        found.kind = "Ogg Vorbis"
        found.channels, found.rate = struct.unpack_from("<BI", body, 11)
    elif body[:8] == b"OpusTags":
        found.software += _comments(body[8:])
    elif body[:7] == b"\x03vorbis":
        found.software += _comments(body[7:])


def _strange(stream: _Stream) -> Iterator[str]:
    if stream.broken:
        yield f"{stream.broken} of {stream.pages} pages do not match their checksums"
    if stream.lost:
        yield f"the numbers of pages jump {stream.lost} times"
    if not stream.ended:
        yield "the last page does not end the stream"


def _checksum(page: bytes) -> int:
    """Ogg's CRC runs from the highest bit; zlib's from the lowest, so bits are turned around."""
    turned = (page[:22] + bytes(4) + page[26:]).translate(_REVERSED)
    found = zlib.crc32(turned, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{found:032b}"[::-1], 2)


# --- text -------------------------------------------------------------------


def _tags(*texts: bytes) -> list[str]:
    return [text for text in map(_text, texts) if text]


def _text(raw: bytes) -> str:
    """What can be printed of the first bytes."""
    text = raw[:LONGEST_TAG].split(b"\0")[0].decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable()).strip()
