"""Where a device's sound comes from: a microphone, or a recording in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import numpy as np

from earwitness.errors import InputError
from earwitness.model import SAMPLE_RATE, Samples

BLOCK = SAMPLE_RATE // 10
"""Samples of a block: 100 ms."""
_NO_LIBRARY = "The microphone needs PortAudio (apt install libportaudio2); recordings do not."


async def microphone(name: str | None = None) -> AsyncIterator[Samples]:
    """What the microphone hears, in blocks of 100 ms, until nobody reads any more.

    ``name`` is a part of a sound device's name; None takes the system's choice. Raises
    InputError where there is no library, no microphone, or it fails.
    """
    sounddevice = _library()
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[Samples] = asyncio.Queue()

    def called(data: Any, frames: int, time: Any, status: Any) -> None:
        block = np.frombuffer(bytes(data), "<i2").astype(np.float32) / np.float32(32768)
        loop.call_soon_threadsafe(heard.put_nowait, block)

    try:
        stream = sounddevice.RawInputStream(
            SAMPLE_RATE, BLOCK, device=name, channels=1, dtype="int16", callback=called
        )
        with stream:
            while True:
                yield await heard.get()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise InputError(f"The microphone cannot be used: {error}.") from error


async def in_real_time(pieces: Iterable[Samples]) -> AsyncIterator[Samples]:
    """A recording, block by block, each at the moment at which it would have been heard.

    ``pieces`` may block while they are decoded. Raises what they raise.
    """
    loop = asyncio.get_running_loop()
    began, position = loop.time(), 0
    parts = iter(pieces)
    while (piece := await asyncio.to_thread(_next, parts)) is not None:
        for first in range(0, len(piece), BLOCK):
            block = piece[first : first + BLOCK]
            position += len(block)
            await asyncio.sleep(max(0.0, began + position / SAMPLE_RATE - loop.time()))
            yield block


def level(samples: Samples) -> float:
    """Loudness as decibels of full scale, root mean square; -100 for silence."""
    if not samples.size:
        return -100.0
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(-100.0, 10 * float(np.log10(max(power, 1e-10))))


def _next(parts: Iterator[Samples]) -> Samples | None:
    return next(parts, None)


def _library() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise InputError(_NO_LIBRARY) from error
    return sounddevice
