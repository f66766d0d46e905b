"""A device that sends whole recordings to ``POST /v1/audio/transcriptions``.

It is silent while the recording is being spoken, as nothing is sent then, and keeps its
connection.
"""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import cast

from httptools import HttpResponseParser

from earwitness.fleet.recordings import WIDTH, Recording
from earwitness.fleet.sockets import Address, connect
from earwitness.fleet.tally import Fate, Said
from earwitness.fleet.wheel import Wheel
from earwitness.model import SAMPLE_RATE

PATH = "/v1/audio/transcriptions"
BOUNDARY = "earwitness-fleet-7f93a1c2"
OK = 200
BUSY = frozenset({429, 503})
"""Statuses that say: no time for this, try again."""


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire once ``seconds`` have been spoken."""

    content: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """Implements ``lines.Door``."""

    address: Address
    wheel: Wheel
    api_key: str = ""

    def prepare(self, recording: Recording) -> Request:
        content = _request(self.address, self.api_key, _form(_wav(recording.pcm)))
        return Request(content, recording.seconds)

    def lines(self, number: int) -> Sequence[HttpLine]:
        return [HttpLine(self.address, self.wheel) for _ in range(number)]


class HttpLine(asyncio.Protocol):
    """Implements ``lines.Line``."""

    def __init__(self, address: Address, wheel: Wheel) -> None:
        self._address = address
        self._wheel = wheel
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Said] | None = None
        self._sent = 0.0
        self._passed_over = 0
        self._body = bytearray()

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def open(self) -> None:
        await connect(self._address, self)

    async def say(self, prepared: Request) -> Said:
        due = monotonic() + prepared.seconds
        await asyncio.sleep(prepared.seconds)
        if self._transport is None:
            await self.open()  # a server may end a connection on which nothing is asked
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._write(prepared.content)
        self._sent = monotonic()
        self._wheel.late(due)
        try:
            return await answer
        finally:
            self._answer = None

    def keep_alive(self) -> None:
        self._passed_over += 1
        self._write(f"GET /healthz HTTP/1.1\r\nHost: {self._address}\r\n\r\n".encode())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol --------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._passed_over = 0
        self._parser = HttpResponseParser(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._conclude(Said(Fate.LOST, code="disconnected"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    # --- httptools ---------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._body.clear()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._passed_over:
            self._passed_over -= 1
        else:
            self._conclude(self._heard(self._parser.get_status_code()))
        if not self._parser.should_keep_alive():
            self.close()

    # --- one recording -----------------------------------------------------------

    def _heard(self, status: int) -> Said:
        if status == OK:
            took = monotonic() - self._sent
            return Said(Fate.ANSWERED, str(json.loads(self._body)["text"]), (took,), took)
        return Said(Fate.SHED if status in BUSY else Fate.LOST, code=f"HTTP {status}")

    def _conclude(self, said: Said) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(said)

    def _write(self, content: bytes) -> None:
        if self._transport is not None:
            self._transport.write(content)


def _wav(pcm: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, WIDTH, SAMPLE_RATE, 0, "NONE", ""))
        out.writeframes(pcm)
    return file.getvalue()


def _form(wav: bytes) -> bytes:
    """RFC 7578: the recording and the fields that a client of OpenAI sends."""
    fields = {"model": "earwitness", "response_format": "json"}
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = (
        f'{"".join(parts)}--{BOUNDARY}\r\nContent-Disposition: form-data; name="file";'
        ' filename="spoken.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    )
    return head.encode() + wav + f"\r\n--{BOUNDARY}--\r\n".encode()


def _request(address: Address, api_key: str, body: bytes) -> bytes:
    lines = [
        f"POST {PATH} HTTP/1.1",
        f"Host: {address}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {api_key}"] if api_key else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
