"""Servers for the fleet to speak to, on code that is not ours; they keep what they got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, File, Form, Response, UploadFile
from wyoming.asr import Transcript
from wyoming.event import Event
from wyoming.server import AsyncEventHandler

from earwitness.fleet.sockets import Address

Reply = Callable[[bytes], Event | None]


@asynccontextmanager
async def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Address]:
    """Where it listens; every connection is served by ``serve``, and ended at the end."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            with suppress(ConnectionError):
                await serve(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield Address(*server.sockets[0].getsockname())
    finally:
        server.close()
        for task in filter(None, tasks):
            task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn of the loop


class WyomingPeer(AsyncEventHandler):
    """Collects a recording; ``reply`` says what to answer when it has ended."""

    def __init__(self, house: WyomingHouse, *streams: Any) -> None:
        super().__init__(*streams)
        self._house = house
        self._audio = b""
        house.used.append(0)
        self._number = len(house.used) - 1

    async def handle_event(self, event: Event) -> bool:
        if self._house.ends_after is not None and event.type == self._house.ends_after:
            return False
        if event.type == "audio-chunk":
            self._audio += event.payload or b""
        elif event.type == "audio-stop":
            self._house.heard.append(self._audio)
            self._house.used[self._number] += 1
            answer = self._house.reply(self._audio)
            self._audio = b""
            if answer is not None:
                await self.write_event(answer)
        return True


class WyomingHouse:
    """What all connections of one server share."""

    def __init__(self, reply: Reply, ends_after: str | None = None) -> None:
        self.reply = reply
        self.ends_after = ends_after
        self.heard: list[bytes] = []
        self.used: list[int] = []
        """How many recordings came over each connection."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its URL."""
        async with serving(lambda *streams: WyomingPeer(self, *streams).run()) as place:
            yield f"tcp://{place}"


def says(text: str) -> Reply:
    return lambda audio: Transcript(text=text).event()


def says_nothing(audio: bytes) -> None:
    return None


@asynccontextmanager
async def raw_server(reply: bytes) -> AsyncIterator[str]:
    """Sends the same bytes as soon as it has read something."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply)
        while await reader.read(2**16):
            pass

    async with serving(serve) as place:
        yield str(place)


class HttpHouse:
    """Transcribes every recording as ``text``, or refuses it with ``status``."""

    def __init__(self, text: str = "", status: int = 200) -> None:
        self.heard: list[bytes] = []
        self.asked = 0
        self.app = FastAPI()

        @self.app.get("/healthz")
        async def healthz() -> dict[str, str]:
            self.asked += 1
            return {"status": "ok"}

        @self.app.post("/v1/audio/transcriptions", response_model=None)
        async def transcribe(
            file: Annotated[UploadFile, File()], model: Annotated[str, Form()]
        ) -> Response | dict[str, str]:
            self.heard.append(await file.read())
            return {"text": text} if status == 200 else Response(status_code=status)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its URL."""
        config = uvicorn.Config(self.app, port=0, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving
