"""The device's end of the line, against servers that do odd things."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.doors.link_house import Talker, talking
from tests.live.streams import silence
from websockets.asyncio.server import ServerConnection, serve

from earwitness.device import client
from earwitness.device.client import Connected, Disconnected, Lost
from earwitness.device.keys import Identity, new_seed
from earwitness.device.session import DeviceSession
from earwitness.wire.link import messages as link
from earwitness.wire.link.codec import encode, from_device

IDENTITY = Identity(new_seed(), "d", "h", "r")
CHALLENGE = link.Challenge(nonce="0" * 64, clock=1)
WELCOME = link.Welcome(
    session="0" * 32,
    began=1,
    position=0,
    clock_offset=0,
    lexicon=0,
    consent=True,
    limits=link.Limits(frame_bytes=1, ahead_seconds=1, idle_seconds=60, endpoint_seconds=1),
)


@asynccontextmanager
async def answering(
    play: Callable[[ServerConnection, Talker], Awaitable[Any]], session: DeviceSession | None = None
) -> AsyncIterator[Talker]:
    """A device whose server does what ``play`` says with each connection."""
    talkers: list[Talker] = []
    ready = asyncio.Event()

    async def handle(socket: ServerConnection) -> None:
        await ready.wait()
        await play(socket, talkers[0])

    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with talking(f"ws://127.0.0.1:{port}", IDENTITY, session) as talker:
            talkers.append(talker)
            ready.set()
            yield talker


async def say(socket: ServerConnection, *messages: link.FromServer) -> None:
    for message in messages:
        await socket.send(encode(message))


def test_consent_that_is_withdrawn_while_it_connects_is_told() -> None:
    async def test() -> None:
        heard: asyncio.Future[link.FromDevice] = asyncio.get_running_loop().create_future()

        async def play(socket: ServerConnection, talker: Talker) -> None:
            await say(socket, CHALLENGE)
            hello = from_device(await socket.recv())
            assert isinstance(hello, link.Hello)
            assert hello.consent
            talker.device.consent(False)
            await say(socket, WELCOME)
            async for said in socket:
                message = from_device(said)
                if not isinstance(message, link.Ping):
                    heard.set_result(message)
                    break

        async with answering(play) as talker:
            await talker.until(Connected)
            assert await heard == link.Consent(granted=False)

    asyncio.run(test())


@pytest.mark.parametrize(
    "said", ["", "{", json.dumps({"type": "hello"}), b"\0", encode(replace(CHALLENGE, protocol=2))]
)
def test_a_server_that_says_something_else_is_tried_again(said: str | bytes) -> None:
    async def test() -> None:
        async def play(socket: ServerConnection, talker: Talker) -> None:
            await socket.send(said)
            await socket.wait_closed()

        async with answering(play) as talker:
            assert (await talker.until(Disconnected, 2)).why

    asyncio.run(test())


def test_each_attempt_waits_longer_than_half_of_twice_the_one_before() -> None:
    async def test() -> None:
        async def play(socket: ServerConnection, talker: Talker) -> None:
            await socket.close()

        async with answering(play) as talker:
            await talker.until(Disconnected, 4)
            for number, each in enumerate(talker.all(Disconnected)):
                most = client.FIRST_WAIT * 2**number
                assert most / 2 <= each.retry_after <= most

    asyncio.run(test())


def test_a_server_that_asks_for_time_is_given_it() -> None:
    async def test() -> None:
        async def play(socket: ServerConnection, talker: Talker) -> None:
            busy = link.Error(code="overloaded", message="Busy.", retry_after=2.0)
            await say(socket, CHALLENGE, WELCOME, busy)
            await socket.wait_closed()

        async with answering(play) as talker:
            gone = await talker.until(Disconnected)
            assert gone.why == "Busy."
            assert 1 <= gone.retry_after <= 2

    asyncio.run(test())


def test_a_server_that_no_longer_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PING_SECONDS", 0.1)

    async def test() -> None:
        async def play(socket: ServerConnection, talker: Talker) -> None:
            await say(socket, CHALLENGE, WELCOME)
            async for _ in socket:  # hears, and says nothing
                pass

        async with answering(play) as talker:
            await talker.until(Disconnected)
            assert not talker.all(link.Pong)

    asyncio.run(test())


def test_sound_that_had_to_be_dropped_is_said_so() -> None:
    async def test() -> None:
        async def play(socket: ServerConnection, talker: Talker) -> None:
            await socket.wait_closed()

        async with answering(play, DeviceSession(seconds=1.0)) as talker:
            talker.say(silence(1.5))
            assert sum(lost.samples for lost in talker.all(Lost)) == 8000

    asyncio.run(test())


def test_a_session_that_the_server_does_not_take_is_begun_anew() -> None:
    async def test() -> None:
        hellos: list[link.Hello] = []

        async def play(socket: ServerConnection, talker: Talker) -> None:
            await say(socket, CHALLENGE)
            hello = from_device(await socket.recv())
            assert isinstance(hello, link.Hello)
            hellos.append(hello)
            if hello.session:
                await say(socket, link.Error(code="session", message="It is over."))
            else:
                await say(socket, WELCOME)
            if len(hellos) == 1:
                await talker.until(Connected)
                talker.device.cut()
            await socket.wait_closed()

        async with answering(play) as talker:
            await talker.until(Connected, 2)
            assert [bool(hello.session) for hello in hellos] == [False, True, False]

    asyncio.run(test())
