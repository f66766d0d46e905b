"""The process that decodes recordings as they were made: own rate, own channels, 24 bits.

Run by ``audio.original`` as ``decode_child`` is by ``audio.reader``, and confined alike.
It goes through a recording from its start and sends only the stretch that is asked for,
so that moments are exact in every format and nothing else is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from earwitness.audio.decode_child import Tell, UnusableError, audio_stream, frames, opened, serve
from earwitness.audio.whole import said_seconds
from earwitness.audio.wire import (
    AUDIO,
    LENGTH,
    MAX_PAYLOAD,
    SECONDS,
    SHAPE,
    SHAPE_OF,
    STRETCH,
)


def main() -> None:
    serve(tell_original, STRETCH.size)


def tell_original(file: BinaryIO, request: bytes, tell: Tell) -> None:
    """Length, shape, samples. Raises UnusableError, perhaps after some samples."""
    start, end = STRETCH.unpack(request)
    with closing(opened(file)) as container:
        stream = audio_stream(container)
        if (said := said_seconds(container, stream)) is not None:
            tell(LENGTH, SECONDS.pack(said))
        shape: tuple[int, int] | None = None
        for rate, samples in _stretch(frames(container, stream, file), start, end):
            now = (rate, samples.shape[1])
            if shape is None:
                tell(SHAPE, SHAPE_OF.pack(*now))
            elif now != shape:
                raise UnusableError("changes its rate or its channels on the way; split it there")
            shape = now
            _tell_samples(samples, tell)
        if shape is None:
            raise UnusableError(f"has no sound after {start:g} s; name an earlier stretch")


def _stretch(
    blocks: Iterator[tuple[int, NDArray[Any]]], start: float, end: float
) -> Iterator[tuple[int, NDArray[Any]]]:
    """What lies between two moments; nothing behind the second is decoded."""
    at = 0
    for rate, samples in blocks:
        first = max(0, round(start * rate) - at)
        last = len(samples) if end == np.inf else min(len(samples), round(end * rate) - at)
        if first < last:
            yield rate, samples[first:last]
        if last < len(samples):
            return
        at += len(samples)


def _tell_samples(samples: NDArray[Any], tell: Tell) -> None:
    values = np.ascontiguousarray(samples, "<f4").reshape(-1)
    for first in range(0, len(values), MAX_PAYLOAD // 4):
        tell(AUDIO, values[first : first + MAX_PAYLOAD // 4].tobytes())


if __name__ == "__main__":
    main()
