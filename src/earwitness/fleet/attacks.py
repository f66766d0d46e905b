"""What peers send who mean no good: values, no sockets."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from earwitness.fleet.link import PATH as LINK
from earwitness.fleet.upload import BOUNDARY, PATH
from earwitness.fleet.wyoming import FORMAT, event
from earwitness.wire.wyoming.messages import AudioChunk, AudioStart, Describe, Transcribe

BLOCK = 64 * 1024
HUGE = 2**31 - 1

_GET = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
_POST = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}"
_PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
_UPGRADE = (
    f"GET {LINK} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode()


@dataclass(frozen=True, slots=True)
class Attack:
    """``beginning`` once, then ``flood`` over and over."""

    beginning: bytes
    flood: bytes


def _many(message: bytes) -> bytes:
    return message * (BLOCK // len(message) + 1)


def _promised(length: int, *, payload: bool) -> bytes:
    name = "payload_length" if payload else "data_length"
    return b'{"type": "audio-chunk", "%s": %d}\n' % (name.encode(), length)


WYOMING = (
    Attack(b"", b"a" * BLOCK),
    Attack(b'{"type": ', b"[" * BLOCK),
    Attack(_promised(HUGE, payload=False), bytes(BLOCK)),
    Attack(_promised(HUGE, payload=True), bytes(BLOCK)),
    Attack(b"", _many(event(Describe()))),
    Attack(
        event(Transcribe()) + event(AudioStart(**FORMAT)),
        event(AudioChunk(**FORMAT, audio=bytes(BLOCK))),
    ),
)
HTTP = (
    Attack(b"GET / HTTP/1.1\r\nX-A: ", b"a" * BLOCK),
    Attack(b"", _many(_GET)),
    Attack(f"{_POST}\r\nContent-Length: {2**40}\r\n\r\n{_PART}\r\n".encode(), bytes(BLOCK)),
    Attack(f"{_POST}\r\nContent-Length: {2**40}\r\n\r\n{_PART}X-A: ".encode(), b"a" * BLOCK),
    Attack(
        f"{_POST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode(),
        b"%x\r\n%s\r\n" % (BLOCK, bytes(BLOCK)),
    ),
)
_MASK = bytes(4)
LINK_FRAMES = (
    Attack(_UPGRADE + b"\x82\xff" + struct.pack(">Q", 2**40) + _MASK, bytes(BLOCK)),
    Attack(
        _UPGRADE + b"\x01\xff" + struct.pack(">Q", BLOCK) + _MASK + b"a" * BLOCK,
        b"\x00\xff" + struct.pack(">Q", BLOCK) + _MASK + b"a" * BLOCK,
    ),
    Attack(_UPGRADE, _many(b"\x89\x80" + _MASK)),
    Attack(_UPGRADE, b"\x81\xff" + struct.pack(">Q", BLOCK) + _MASK + b"[" * BLOCK),
    Attack(_UPGRADE[:-2] + b"X-A: ", b"a" * BLOCK),
)
ATTACKS = {"wyoming": WYOMING, "http": HTTP, "ws": LINK_FRAMES}
BEGINNINGS = {
    "wyoming": (b'{"type": "transcribe", "data": {"language": "', _promised(10**6, payload=True)),
    "http": (
        b"GET / HTTP/1.1\r\nX-A: ",
        f"{_POST}\r\nContent-Length: 1000000\r\n\r\n{_PART}\r\n".encode(),
    ),
    "ws": (_UPGRADE[:-2] + b"X-A: ", _UPGRADE + b"\x82\xfe\xff\xff" + _MASK),
}
