"""A device that speaks Wyoming, several recordings on one connection, encoded ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from earwitness.fleet.connection import Connection
from earwitness.fleet.recordings import WIDTH, Recording, frames
from earwitness.fleet.sockets import Address
from earwitness.fleet.tally import Fate, Said
from earwitness.fleet.wheel import Wheel
from earwitness.model import SAMPLE_RATE
from earwitness.wire.wyoming.frames import Decoder, Frame, encode
from earwitness.wire.wyoming.messages import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Error,
    Message,
    Ping,
    Transcribe,
    Transcript,
)

SHED = frozenset({"overloaded", "stopping", "too_many_connections"})
"""Codes of errors that say: no time for this, try again."""
FORMAT: Any = {"rate": SAMPLE_RATE, "width": WIDTH, "channels": 1}


def event(message: Message) -> bytes:
    """A message on the wire."""
    return encode(message.frame())


def conversation(recording: Recording) -> Sequence[bytes]:
    """What is sent for a recording, a frame at a time."""
    chunks = [event(AudioChunk(**FORMAT, audio=frame)) for frame in frames(recording.pcm)]
    chunks[0] = event(Transcribe(language="en")) + event(AudioStart(**FORMAT)) + chunks[0]
    chunks[-1] += event(AudioStop())
    return chunks


@dataclass(frozen=True, slots=True)
class WyomingDoor:
    """Implements ``lines.Door``."""

    address: Address
    wheel: Wheel

    def prepare(self, recording: Recording) -> Sequence[bytes]:
        return conversation(recording)

    def lines(self, number: int) -> Sequence[WyomingLine]:
        return [WyomingLine(self.address, self.wheel, device) for device in range(number)]


class WyomingLine(Connection):
    """Implements ``lines.Line``."""

    def __init__(self, address: Address, wheel: Wheel, device: int) -> None:
        super().__init__(address, device)
        self._wheel = wheel
        self._ended = 0.0

    async def say(self, prepared: Sequence[bytes]) -> Said:
        answer = self.ask()
        self._ended = 0.0
        self._wheel.play(partial(self._send, iter(prepared), prepared[-1], answer))
        return await answer

    def keep_alive(self) -> None:
        self.write(event(Ping()))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._decoder = Decoder()

    def received(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self._told(frame)

    def _send(self, rest: Iterator[bytes], last: bytes, answer: asyncio.Future[Said]) -> bool:
        """One frame; an answer before the last one ends the recording."""
        if answer.done():
            return False
        message = next(rest)
        self.write(message)
        if message is not last:
            return True
        self._ended = monotonic()
        return False

    def _told(self, frame: Frame) -> None:
        if frame.type == Transcript.kind:
            self.conclude(self._heard(Transcript.read(frame).text))
        elif frame.type == Error.kind:
            code = Error.read(frame).code or "error"
            self.conclude(Said(Fate.SHED if code in SHED else Fate.LOST, code=code))

    def _heard(self, text: str) -> Said:
        if not self._ended:
            return Said(Fate.LOST, text, code="transcript before the end")
        took = monotonic() - self._ended
        return Said(Fate.ANSWERED, text, (took,), took)
