"""What an Opus packet says of itself (RFC 6716, section 3)."""

from __future__ import annotations

from earwitness.errors import ProtocolError

MAX_PACKET = 1275 * 6
"""Bytes of 120 ms in six frames of the greatest size."""
MAX_SAMPLES = 1920
"""120 ms, the longest packet, at 16 kHz."""
_FRAME_SAMPLES = (160, 320, 640, 960) * 3 + (160, 320) * 2 + (40, 80, 160, 320) * 4
"""Of each of the 32 configurations (table 2), at 16 kHz."""


def packet_samples(packet: bytes) -> int:
    """How many samples at 16 kHz it holds. Raises ProtocolError where it cannot be a packet."""
    if not packet:
        raise ProtocolError("An Opus packet is empty.", code="bad_opus")
    if len(packet) > MAX_PACKET:
        raise ProtocolError(
            f"An Opus packet has {len(packet)} bytes; {MAX_PACKET} is the most.", code="bad_opus"
        )
    samples = _frames(packet) * _FRAME_SAMPLES[packet[0] >> 3]
    if not 0 < samples <= MAX_SAMPLES:
        raise ProtocolError(
            f"An Opus packet says it holds {samples / 16:g} ms; more than 0 and at most 120 ms"
            " are possible.",
            code="bad_opus",
        )
    return samples


def _frames(packet: bytes) -> int:
    code = packet[0] & 3
    if code < 3:
        return 1 if code == 0 else 2
    return packet[1] & 63 if len(packet) > 1 else 0
