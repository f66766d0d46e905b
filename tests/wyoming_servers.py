"""Servers made of the ``wyoming`` package, as other recognisers are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioChunkConverter, AudioStop
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
from wyoming.server import AsyncEventHandler, AsyncTcpServer

from earwitness.model import Lexicon
from earwitness.ports import Engine

Answers = Callable[[bytes], list[Event]]
"""16-bit mono sound at 16 kHz -> what is said about it."""


def info(*languages: str) -> Info:
    by = {"attribution": Attribution("nobody", ""), "installed": True, "description": None}
    model = AsrModel(name="tiny", version="1.2", languages=list(languages), **by)
    return Info(asr=[AsrProgram(name="other", version="3", models=[model], **by)])


def heard_by(engine: Engine) -> Answers:
    """The transcript that an engine gives."""

    def hear(pcm: bytes) -> list[Event]:
        audio = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        return [Transcript(engine.decode(engine.encode(audio), Lexicon()).text).event()]

    return hear


class Handler(AsyncEventHandler):
    """Collects sound, as wyoming-faster-whisper does; ``stays`` on for another recording."""

    def __init__(self, server: Server, *streams: Any) -> None:
        super().__init__(*streams)
        self._server = server
        self._converter = AudioChunkConverter(rate=16_000, width=2, channels=1)
        self._pcm = b""
        server.connections += 1

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type):
            await self.write_event(self._server.info.event())
        elif AudioChunk.is_type(event.type):
            self._pcm += self._converter.convert(AudioChunk.from_event(event)).audio
        elif AudioStop.is_type(event.type):
            pcm, self._pcm = self._pcm, b""
            for answer in await asyncio.to_thread(self._server.answers, pcm):
                await self.write_event(answer)
            return self._server.stays
        return True


class Server:
    """A server in a thread of its own."""

    def __init__(self, answers: Answers, info: Info, stays: bool) -> None:
        self.answers, self.info, self.stays = answers, info, stays
        self.connections = 0
        self.port = 0
        self._ready, self._done = threading.Event(), threading.Event()

    def __enter__(self) -> Server:
        self._done.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._ready.clear()
        self._done.set()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def _run(self) -> None:
        """The second time at the same port."""
        server = AsyncTcpServer("127.0.0.1", self.port)
        await server.start(lambda *streams: Handler(self, *streams))
        assert server._server is not None
        self.port = server._server.sockets[0].getsockname()[1]
        self._ready.set()
        await asyncio.to_thread(self._done.wait)
        await server.stop()
        await asyncio.gather(*server._handlers, return_exceptions=True)


@contextmanager
def served(engine: Engine) -> Iterator[str]:
    """The address of an engine behind their server."""
    with Server(heard_by(engine), info("en"), stays=True) as server:
        yield server.url
