"""Peers of the Wyoming door: those of the ``wyoming`` package, and raw sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tests.flow.house import SCRIPTS
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event

from earwitness.config import Settings
from earwitness.doors.wyoming import WyomingDoor
from earwitness.engines.scripted import ScriptedEngine, recording
from earwitness.model import Samples
from earwitness.ports import Engine
from earwitness.wire.wyoming import messages as wyoming
from earwitness.wire.wyoming.frames import Decoder, Frame, encode
from earwitness.wiring import Earwitness

HOST = "127.0.0.1"
FORMAT = (16_000, 2, 1)
PATIENCE = 60.0
"""Seconds after which a test gives up on an answer."""


@asynccontextmanager
async def door(
    folder: Path, engine: Engine | None = None, **settings: Any
) -> AsyncIterator[tuple[WyomingDoor, Earwitness]]:
    """An open door of a program on a folder; scripted unless an engine is given."""
    chosen = {"data": folder, "wyoming_port": 0, "audit_fraction": 0.0, **settings}
    with Earwitness.open(Settings(**chosen), engine or ScriptedEngine(SCRIPTS)) as program:
        opened = WyomingDoor(program)
        await opened.start()
        try:
            yield opened, program
        finally:
            await opened.stop(5)
            await program.live.close()


@asynccontextmanager
async def client(port: int) -> AsyncIterator[AsyncTcpClient]:
    async with AsyncTcpClient(HOST, port, read_timeout=PATIENCE) as peer:
        yield peer


def pcm(audio: Samples) -> bytes:
    return np.rint(audio * 32768).clip(-32768, 32767).astype("<i2").tobytes()


def scripted(number: int, seconds: float = 1.0) -> bytes:
    """The sound of a recording of the scripted house."""
    return pcm(recording(number, seconds))


async def say(
    peer: AsyncTcpClient,
    sound: bytes,
    *,
    rate: int = 16_000,
    width: int = 2,
    channels: int = 1,
    size: int = 2048,
    end: bool = True,
    **asked: Any,
) -> None:
    """As Home Assistant says it."""
    format_ = {"rate": rate, "width": width, "channels": channels}
    await peer.write_event(Transcribe(**asked).event())
    await peer.write_event(AudioStart(**format_).event())
    for at in range(0, len(sound), size):
        await peer.write_event(AudioChunk(**format_, audio=sound[at : at + size]).event())
    if end:
        await peer.write_event(AudioStop().event())


async def answers(peer: AsyncTcpClient) -> Sequence[Event]:
    """Everything up to the end of the transcript, or of the connection."""
    events: list[Event] = []
    while (event := await peer.read_event()) is not None:
        events.append(event)
        if event.type == "transcript-stop":
            break
    return events


async def transcribed(peer: AsyncTcpClient, sound: bytes, **how: Any) -> Transcript:
    await say(peer, sound, **how)
    (transcript,) = [e for e in await answers(peer) if Transcript.is_type(e.type)]
    return Transcript.from_event(transcript)


async def text_of(port: int, sound: bytes, **how: Any) -> str:
    """What is heard on a connection of its own."""
    async with client(port) as peer:
        return (await transcribed(peer, sound, **how)).text


async def refusal(peer: AsyncTcpClient) -> Error:
    """What a peer is told before its connection is ended."""
    (event,) = [event for event in await answers(peer) if Error.is_type(event.type)]
    assert await peer.read_event() is None
    return Error.from_event(event)


async def answer_to(port: int, *parts: bytes, pause: float = 0.0) -> Sequence[Frame]:
    """What is said to raw bytes, until the server hangs up."""
    reader, writer = await asyncio.open_connection(HOST, port)
    decoder = Decoder()
    frames: list[Frame] = []
    try:
        async with asyncio.timeout(PATIENCE):
            writing = asyncio.create_task(_write(writer, parts, pause))
            while content := await reader.read(65536):
                frames += decoder.feed(content)
            await writing
    finally:
        writer.transport.abort()
    return frames


async def _write(writer: asyncio.StreamWriter, parts: Sequence[bytes], pause: float) -> None:
    for part in parts:
        if writer.is_closing():
            return
        writer.write(part)
        await asyncio.sleep(pause)


def event(message: wyoming.Message) -> bytes:
    return encode(message.frame())


def header(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind} | fields).encode() + b"\n"


def start(rate: Any = 16_000, width: Any = 2, channels: Any = 1) -> bytes:
    return header("audio-start", data={"rate": rate, "width": width, "channels": channels})
