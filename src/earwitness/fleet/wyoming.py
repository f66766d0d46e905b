"""A device that speaks Wyoming: as much of the protocol as it needs, encoded ahead.

An event is a line of JSON with ``type``, ``data_length`` and ``payload_length``, then
the data, then the payload. Several recordings go over one connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, cast

from earwitness.fleet.recordings import WIDTH, Recording, frames
from earwitness.fleet.sockets import Address, connect
from earwitness.fleet.tally import Fate, Said
from earwitness.fleet.wheel import Wheel
from earwitness.model import SAMPLE_RATE

SHED = frozenset({"overloaded", "shed"})
"""Codes of errors that say: no time for this, try again."""
FORMAT = {"rate": SAMPLE_RATE, "width": WIDTH, "channels": 1}


def event(kind: str, data: Mapping[str, Any] | None = None, payload: bytes = b"") -> bytes:
    """An event on the wire."""
    body = json.dumps(data).encode() if data else b""
    header = {"type": kind, "data_length": len(body), "payload_length": len(payload)}
    return json.dumps(header).encode() + b"\n" + body + payload


def conversation(recording: Recording) -> Sequence[bytes]:
    """What is sent for a recording, a frame at a time."""
    chunks = [event("audio-chunk", FORMAT, frame) for frame in frames(recording.pcm)]
    chunks[0] = event("transcribe", {"language": "en"}) + event("audio-start", FORMAT) + chunks[0]
    chunks[-1] += event("audio-stop")
    return chunks


@dataclass(frozen=True, slots=True)
class WyomingDoor:
    """Implements ``lines.Door``."""

    address: Address
    wheel: Wheel

    def prepare(self, recording: Recording) -> Sequence[bytes]:
        return conversation(recording)

    def lines(self, number: int) -> Sequence[WyomingLine]:
        return [WyomingLine(self.address, self.wheel) for _ in range(number)]


class WyomingLine(asyncio.Protocol):
    """Implements ``lines.Line``."""

    def __init__(self, address: Address, wheel: Wheel) -> None:
        self._address = address
        self._wheel = wheel
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[Said] | None = None
        self._ended = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def open(self) -> None:
        await connect(self._address, self)

    async def say(self, prepared: Sequence[bytes]) -> Said:
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._ended = 0.0
        self._wheel.play(partial(self._send, iter(prepared), prepared[-1], answer))
        try:
            return await answer
        finally:
            self._answer = None

    def keep_alive(self) -> None:
        self._write(event("ping"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol --------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._received.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._conclude(Said(Fate.LOST, code="disconnected"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        for kind, told in _events(self._received):
            self._told(kind, told)

    # --- one recording -----------------------------------------------------------

    def _send(self, rest: Iterator[bytes], last: bytes, answer: asyncio.Future[Said]) -> bool:
        """One frame; an answer before the last one ends the recording."""
        if answer.done():
            return False
        message = next(rest)
        self._write(message)
        if message is not last:
            return True
        self._ended = monotonic()
        return False

    def _told(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "transcript":
            self._conclude(self._heard(str(data.get("text", ""))))
        elif kind == "error":
            code = str(data.get("code") or "error")
            self._conclude(Said(Fate.SHED if code in SHED else Fate.LOST, code=code))

    def _heard(self, text: str) -> Said:
        if not self._ended:
            return Said(Fate.LOST, text, code="transcript before the end")
        took = monotonic() - self._ended
        return Said(Fate.ANSWERED, text, (took,), took)

    def _conclude(self, said: Said) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(said)

    def _write(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.write(message)


def _events(received: bytearray) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The whole events at the beginning, which are taken away."""
    while (end := received.find(b"\n")) >= 0:
        header = json.loads(received[:end])
        body = end + 1 + header.get("data_length", 0)
        whole = body + header.get("payload_length", 0)
        if len(received) < whole:
            return
        more = json.loads(received[end + 1 : body]) if body > end + 1 else {}
        del received[:whole]
        yield header["type"], {**(header.get("data") or {}), **more}
