"""A server with the device link, and devices that are enrolled there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI
from tests.flow.house import SCRIPTS
from tests.live.streams import LoudChunks
from websockets.asyncio.client import ClientConnection, connect

from earwitness.config import Settings
from earwitness.device.client import Device, Told
from earwitness.device.keys import Identity, KeyFile, new_seed, public, sign
from earwitness.device.session import DeviceSession, Packet
from earwitness.doors.admission import listen
from earwitness.doors.device_link import DeviceLink
from earwitness.engines.scripted import ScriptedEngine
from earwitness.flow import access
from earwitness.live.hearing import Limits, LiveHearing
from earwitness.live.stream import Pace
from earwitness.model import Samples
from earwitness.ports import Engine
from earwitness.wire.link import messages as link
from earwitness.wire.link.codec import encode, from_server
from earwitness.wire.link.frames import AudioFrame, encode_frame, to_pcm16
from earwitness.wire.link.proof import hello_text
from earwitness.wiring import Earwitness

PATIENCE = 30.0
"""Seconds after which a test gives up; no test asserts on time."""

M = TypeVar("M")


@dataclass(eq=False)
class Site:
    """One running server."""

    program: Earwitness
    link: DeviceLink
    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/device"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def enrolled(self, household: str = "smith", room: str = "kitchen") -> Identity:
        """A device that used a code of its own."""
        now = datetime.now(UTC)
        records = self.program.records
        code = access.invite(household, room, now, records=records).code
        seed = new_seed()
        device = access.enrol(code, bytes.fromhex(public(seed)), now, records=records)
        return Identity(seed, device.id, household, room)

    def kept(self) -> list[str]:
        """The ids of what waits for a human, sorted."""
        return sorted(item.utterance for item in self.program.records.items())


class Quick(uvicorn.Server):
    """Leaves the signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listening(port: int, send_buffer: int) -> socket.socket:
    made = listen("127.0.0.1", port, "http_port")
    if send_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    return made


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    port: int = 0,
    pace: Pace | None = None,
    limits: Limits | None = None,
    engine: Engine | None = None,
    send_buffer: int = 0,
    **chosen: Any,
) -> AsyncIterator[Site]:
    """A server on the store in ``folder``, with scripted sounds; everything else is real."""
    settings = Settings(data=folder, audit_fraction=0, **chosen)
    with Earwitness.open(settings, engine or ScriptedEngine(SCRIPTS)) as program:
        live = LiveHearing(
            program.hearing, LoudChunks(), pace or Pace(), limits or Limits(threads=2)
        )
        program.__dict__["live"] = live
        door = DeviceLink(program)
        app = FastAPI()
        app.include_router(door.router)
        server = Quick(
            uvicorn.Config(
                app,
                ws="websockets-sansio",
                ws_max_size=1 << 20,  # ours is the limit to be tested
                ws_per_message_deflate=False,
                log_config=None,
                lifespan="off",
                timeout_graceful_shutdown=2,
            )
        )
        listening = _listening(port, send_buffer)
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield Site(program, door, listening.getsockname()[1])
        finally:
            await door.stop(2.0)
            server.should_exit = True
            await running
            await live.close()


@dataclass(eq=False)
class Talker:
    """The real device, and everything that it was told."""

    device: Device
    told: list[Told] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: Told) -> None:
        self.told.append(message)
        self._news.set()

    def all(self, kind: type[M]) -> list[M]:
        return [message for message in self.told if isinstance(message, kind)]

    @property
    def texts(self) -> list[str]:
        return [final.text for final in self.all(link.Final)]

    async def until(self, kind: type[M], count: int = 1) -> M:
        """The message of this kind that came as the ``count``-th."""
        async with asyncio.timeout(PATIENCE):
            while len(self.all(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.all(kind)[count - 1]

    def say(self, audio: Samples, size: int = 1600) -> None:
        for first in range(0, len(audio), size):
            self.device.say(audio[first : first + size])

    async def sent(self) -> None:
        """Everything that was said has left this side."""
        async with asyncio.timeout(PATIENCE):
            while self.device.session.buffer.unsent:
                await asyncio.sleep(0.01)

    async def finish(self) -> None:
        """Everything that was said is answered."""
        self.device.session.end()
        self.device.wake()
        async with asyncio.timeout(PATIENCE):
            await self.device.drained()


@asynccontextmanager
async def talking(
    site_url: str,
    identity: Identity,
    session: DeviceSession | None = None,
    keys: KeyFile | None = None,
    consent: bool = True,
) -> AsyncIterator[Talker]:
    told: list[Talker] = []
    device = Device(
        site_url,
        identity,
        lambda message: told[0].hear(message),
        session=session,
        keys=keys,
        consent=consent,
    )
    told.append(Talker(device))
    running = asyncio.create_task(device.run())
    try:
        yield told[0]
    finally:
        await device.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@dataclass(eq=False)
class Raw:
    """A client that says whatever a test wants."""

    socket: ClientConnection
    challenge: link.Challenge
    heard: list[link.FromServer] = field(default_factory=list)

    async def next(self) -> link.FromServer:
        async with asyncio.timeout(PATIENCE):
            message = from_server(await self.socket.recv())
        self.heard.append(message)
        return message

    async def until(self, kind: type[M]) -> M:
        while not isinstance(message := await self.next(), kind):
            pass
        return message

    async def error(self) -> link.Error:
        return await self.until(link.Error)

    async def send(self, *messages: link.FromDevice) -> None:
        for message in messages:
            await self.socket.send(encode(message))

    async def frame(self, sequence: int, position: int, audio: Samples) -> None:
        payload = to_pcm16(audio)
        await self.socket.send(encode_frame(AudioFrame("pcm16", sequence, position, payload)))

    async def play(self, audio: Samples, size: int = 1600) -> None:
        """A session from its start."""
        for sequence, first in enumerate(range(0, len(audio), size)):
            await self.frame(sequence, first, audio[first : first + size])

    async def play_opus(self, packets: Sequence[Packet]) -> None:
        position = 0
        for sequence, packet in enumerate(packets):
            frame = AudioFrame("opus", sequence, position, packet.payload, packet.fresh)
            await self.socket.send(encode_frame(frame))
            position += packet.samples

    def hello(self, identity: Identity, **other: Any) -> link.Hello:
        said: dict[str, Any] = {
            "device": identity.device,
            "household": identity.household,
            "room": identity.room,
            "consent": True,
            "clock": self.challenge.clock,
            "codec": "pcm16",
            "listening": "open",
            **other,
        }
        unsigned = link.Hello(signature="", **said)
        signature = sign(identity.seed, hello_text(self.challenge.nonce, unsigned))
        return replace(unsigned, signature=signature)

    async def greet(self, identity: Identity, **other: Any) -> link.Welcome:
        await self.send(self.hello(identity, **other))
        return await self.until(link.Welcome)


@asynccontextmanager
async def raw(site: Site, **how: Any) -> AsyncIterator[Raw]:
    async with connect(site.url, compression=None, proxy=None, **how) as socket:
        challenge = from_server(await socket.recv())
        assert isinstance(challenge, link.Challenge)
        yield Raw(socket, challenge)
