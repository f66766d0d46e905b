"""What an Opus packet says of itself."""

from __future__ import annotations

from contextlib import suppress

from earwitness.audio.opus_packet import MAX_SAMPLES, packet_samples
from earwitness.errors import ProtocolError

SEEDS = (b"\x48\x00", b"\x4b\x03\x00\x00", b"\xff\x01\x00")


def check(content: bytes) -> None:
    """It is possible, or it is refused."""
    with suppress(ProtocolError):
        assert 0 < packet_samples(content) <= MAX_SAMPLES
