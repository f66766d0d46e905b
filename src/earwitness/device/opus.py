"""Opus as a device sends it: a tenth of the bytes of PCM."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.audio.opus_encoder import PACKET_SAMPLES, OpusEncoder
from earwitness.device.session import Packet
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link.messages import Codec

FRESH_SAMPLES = 10 * SAMPLE_RATE
"""After so many the decoder begins anew: whoever carries on begins no further back."""


class Opus:
    """Implements ``device.session.Encoding``."""

    codec: Codec = "opus"

    def __init__(self) -> None:
        self._encoder: OpusEncoder | None = None
        self._since_fresh = 0

    def encode(self, samples: Samples) -> Sequence[Packet]:
        if self._encoder is None:
            self._encoder, self._since_fresh = OpusEncoder(), 0
        return [self._packet(payload) for payload in self._encoder.encode(samples)]

    def finish(self) -> Sequence[Packet]:
        encoder, self._encoder = self._encoder, None
        return [self._packet(payload) for payload in encoder.finish()] if encoder else []

    def _packet(self, payload: bytes) -> Packet:
        fresh = self._since_fresh % FRESH_SAMPLES == 0
        self._since_fresh += PACKET_SAMPLES
        return Packet(payload, PACKET_SAMPLES, fresh)
