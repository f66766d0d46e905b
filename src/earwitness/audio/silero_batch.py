"""Speech detection in many streams at once with Silero VAD."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.audio.silero import CHUNK, SileroVoiceActivityDetector
from earwitness.model import Samples


class SileroBatch:
    """Implements ``ports.LiveDetector``."""

    chunk = CHUNK

    def fresh(self) -> SileroVoiceActivityDetector:
        return SileroVoiceActivityDetector()

    def probabilities(
        self, memories: Sequence[SileroVoiceActivityDetector], chunks: Samples
    ) -> Sequence[float]:
        pairs = zip(memories, chunks, strict=True)
        return [memory.process_samples(chunk) for memory, chunk in pairs]
