"""Messages and audio frames of the device link."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from earwitness.errors import ProtocolError
from earwitness.wire.link import codec
from earwitness.wire.link import messages as link
from earwitness.wire.link.frames import AudioFrame, decode_frame, encode_frame

SEEDS: Sequence[bytes] = [
    *(
        codec.encode(message).encode()
        for message in (
            link.Begin(position=0),
            link.Error(code="revoked", message="This device was revoked."),
            link.LexiconRevision(revision=7),
        )
    ),
    encode_frame(AudioFrame("pcm16", 0, 0, bytes(8))),
    encode_frame(AudioFrame("opus", 1, 320, b"\x48\x00", fresh=False)),
]


def check(content: bytes) -> None:
    """What is read is what was written."""
    for parse in (codec.from_device, codec.from_server):
        with suppress(ProtocolError):
            message = parse(content)
            assert parse(codec.encode(message)) == message
    with suppress(ProtocolError):
        assert encode_frame(decode_frame(content)) == content
