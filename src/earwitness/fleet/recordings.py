"""What the devices say: recordings, decoded once before anybody speaks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earwitness.audio.samples import to_int16
from earwitness.bench.manifest import Manifest, recordings
from earwitness.errors import ManifestError
from earwitness.model import SAMPLE_RATE
from earwitness.ports import AudioReader

FRAME = SAMPLE_RATE // 10
"""Samples in a frame: 100 ms, as `earwitness listen` sends them."""
FRAME_SECONDS = FRAME / SAMPLE_RATE
WIDTH = 2
"""Bytes of a sample."""
MOST_SECONDS = 3600.0
"""So much sound is held in memory (115 MB); of a longer manifest as much as fits."""


@dataclass(frozen=True, slots=True)
class Recording:
    """``pcm`` is mono, 16 bits, little endian, at ``SAMPLE_RATE``; ``text`` what is said."""

    pcm: bytes
    text: str

    @property
    def samples(self) -> int:
        return len(self.pcm) // WIDTH

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE


def load(
    manifest: Manifest, reader: AudioReader, seed: int = 0, most_seconds: float = MOST_SECONDS
) -> Sequence[Recording]:
    """The recordings of a manifest, as many as fit into ``most_seconds``, drawn by ``seed``.

    Raises ManifestError where not one can be decoded.
    """
    rows = list(manifest.rows)
    random.Random(seed).shuffle(rows)  # noqa: S311 - a draw that can be repeated
    failed: list[str] = []
    found, seconds = [], 0.0
    shuffled = Manifest(manifest.path, tuple(rows), manifest.left_out)
    for row, audio in recordings(shuffled, reader, failed):
        if len(audio):
            found.append(Recording(to_int16(audio).astype("<i2").tobytes(), row.text))
            seconds += found[-1].seconds
        if seconds >= most_seconds:
            break
    if not found:
        reason = failed[0] if failed else "Every one of them is empty."
        raise ManifestError(f"{manifest.path}: no recording can be played. {reason}")
    return found


def frames(pcm: bytes) -> Iterator[bytes]:
    """Stretches of ``FRAME`` samples; the last one may be shorter."""
    size = FRAME * WIDTH
    return (pcm[start : start + size] for start in range(0, len(pcm), size))
