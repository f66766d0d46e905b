"""Our own audio as Opus packets, for what plays a device."""

from __future__ import annotations

from typing import Any

import av
import numpy as np

from earwitness.audio.clip import audio_frame
from earwitness.audio.samples import to_int16
from earwitness.model import SAMPLE_RATE, Samples

PACKET_MS = 20
PACKET_SAMPLES = SAMPLE_RATE * PACKET_MS // 1000
BITS_A_SECOND = 24_000
_OPTIONS = {"application": "voip", "frame_duration": str(PACKET_MS), "compression_level": "5"}
"""For speech, with the effort that a small device can make."""
LOOKAHEAD = 104
"""Samples that the encoder looks ahead: what is decoded comes so much later."""


class OpusEncoder:
    """One stream of packets of ``PACKET_SAMPLES`` each, as RFC 7587 describes for speech."""

    def __init__(self, bits_a_second: int = BITS_A_SECOND) -> None:
        codec: Any = av.CodecContext.create("libopus", "w")
        codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE, "mono", "s16"
        codec.bit_rate = bits_a_second
        codec.options = _OPTIONS
        self._codec = codec
        self._waiting = np.zeros(0, np.float32)
        self._encoded = 0

    def encode(self, samples: Samples) -> list[bytes]:
        """The packets that are full by now; the rest waits for more samples."""
        known = np.concatenate([self._waiting, samples])
        full = len(known) // PACKET_SAMPLES * PACKET_SAMPLES
        self._waiting = known[full:]
        return [
            packet
            for first in range(0, full, PACKET_SAMPLES)
            for packet in self._packets(known[first : first + PACKET_SAMPLES])
        ]

    def finish(self) -> list[bytes]:
        """The rest, with silence to a full packet, and what the encoder still looks ahead for."""
        missing = -(len(self._waiting) + LOOKAHEAD) % PACKET_SAMPLES + LOOKAHEAD
        return self.encode(np.zeros(missing, np.float32))

    def _packets(self, samples: Samples) -> list[bytes]:
        frame = audio_frame(to_int16(samples), self._encoded)
        self._encoded += len(samples)
        return [bytes(packet) for packet in self._codec.encode(frame)]
