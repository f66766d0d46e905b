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

from httptools import HttpParserError, HttpResponseParser

from earwitness.errors import ProtocolError
from earwitness.fleet.connection import Connection
from earwitness.fleet.recordings import WIDTH, Recording
from earwitness.fleet.sockets import Address
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
        return [HttpLine(self.address, self.wheel, device) for device in range(number)]


class HttpLine(Connection):
    """Implements ``lines.Line``."""

    def __init__(self, address: Address, wheel: Wheel, device: int) -> None:
        super().__init__(address, device)
        self._wheel = wheel
        self._sent = 0.0
        self._passed_over = 0
        self._body = bytearray()

    async def say(self, prepared: Request) -> Said:
        due = monotonic() + prepared.seconds
        await asyncio.sleep(prepared.seconds)
        if not self.is_open:
            await self.open()  # a server may end a connection on which nothing is asked
        answer = self.ask()
        self.write(prepared.content)
        self._sent = monotonic()
        self._wheel.late(due)
        return await answer

    def keep_alive(self) -> None:
        self._passed_over += 1
        self.write(f"GET /healthz HTTP/1.1\r\nHost: {self._address}\r\n\r\n".encode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._passed_over = 0
        self._parser = HttpResponseParser(self)

    def received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise ProtocolError("This is not HTTP.") from error

    # --- httptools ---------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._body.clear()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._passed_over:
            self._passed_over -= 1
        else:
            self.conclude(self._heard(self._parser.get_status_code()))
        if not self._parser.should_keep_alive():
            self.close()

    def _heard(self, status: int) -> Said:
        if status != OK:
            return Said(Fate.SHED if status in BUSY else Fate.LOST, code=f"HTTP {status}")
        took = monotonic() - self._sent
        try:
            return Said(Fate.ANSWERED, str(json.loads(self._body)["text"]), (took,), took)
        except (ValueError, KeyError, TypeError):
            return Said(Fate.LOST, code="the server's answer is malformed")


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
