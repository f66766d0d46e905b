"""Live hearing over a house of scripted sounds. A chunk is speech where it is loud."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from tests.flow.house import START, House

from earwitness.engines.scripted import recording
from earwitness.live.events import Event, Heard
from earwitness.live.hearing import Limits, LiveHearing
from earwitness.live.stream import LiveStream, Pace
from earwitness.model import SAMPLE_RATE, Samples, Source

CHUNK = 512


class LoudChunks:
    """Implements ``ports.LiveDetector``. Loudness echoes a little, so memory matters."""

    chunk = CHUNK

    def fresh(self) -> list[float]:
        return [0.0]

    def probabilities(self, memories: Sequence[Any], chunks: Samples) -> Sequence[float]:
        assert chunks.shape == (len(memories), CHUNK)
        for memory, chunk in zip(memories, chunks, strict=True):
            memory[0] = 0.25 * memory[0] + 0.75 * float(np.abs(chunk).max() > 1e-4)
        return [memory[0] for memory in memories]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def said(*numbers: int, pause: float = 1.0, seconds: float = 1.0) -> Samples:
    """Recordings with pauses before, between and behind them."""
    parts = [part for number in numbers for part in (silence(pause), recording(number, seconds))]
    return np.concatenate([*parts, silence(pause)])


def blocks(audio: Samples, size: int = 1600) -> Iterable[Samples]:
    return (audio[at : at + size] for at in range(0, len(audio), size))


@asynccontextmanager
async def listening(
    house: House, pace: Pace | None = None, limits: Limits | None = None
) -> AsyncIterator[LiveHearing]:
    live = LiveHearing(house.hearing, LoudChunks(), pace or Pace(), limits or Limits(threads=2))
    try:
        yield live
    finally:
        await live.close()


async def played(stream: LiveStream, parts: Iterable[Samples]) -> list[Event]:
    """Everything that a stream says, to its end."""

    async def write() -> None:
        for part in parts:
            await stream.write(part)
        await stream.end()

    writing = asyncio.create_task(write())
    events = [event async for event in stream]
    await writing
    return events


def heard_in(
    house: House,
    audio: Samples,
    size: int = 1600,
    at: int = 0,
    pace: Pace | None = None,
    **how: Any,
) -> list[Event]:
    """The events of one stream from sample ``at`` on."""

    async def run() -> list[Event]:
        async with listening(house, pace) as live:
            began = how.pop("began", START)
            stream = live.open(how.pop("source", Source()), began, **how)
            return await played(stream, blocks(audio[at:], size))

    return asyncio.run(run())


def texts(events: Iterable[Event]) -> list[str]:
    return [event.answer.transcript.text for event in events if isinstance(event, Heard)]
