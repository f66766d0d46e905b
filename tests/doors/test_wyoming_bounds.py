"""How much, how fast and how slowly a Wyoming peer may be."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.doors.servers import up
from tests.doors.wyoming_peers import FORMAT, HOST, event, header, scripted, start, text_of

from earwitness.doors.wyoming.pace import BURST, EVENTS_A_SECOND, MOST_TOO_MANY, Pace
from earwitness.doors.wyoming.peer import Patience, Peer
from earwitness.errors import ProtocolError
from earwitness.wire.wyoming import messages as wyoming

LIMIT_MIB = 64


# --- too fast, and too slow ---------------------------------------------------------------


def taken(events: int, *, has_sound: bool, every: float = 0.0) -> float:
    """Seconds that so many events take, ``every`` seconds one."""
    now = 0.0
    pace = Pace(now)
    for _ in range(events):
        now += every
        now += pace.wait(now, has_sound=has_sound)
    return now


def test_sound_is_read_no_faster_than_so_many_events_a_second() -> None:
    burst = round(BURST)
    assert taken(burst, has_sound=True) == 0.0
    assert taken(burst + 4000, has_sound=True) == pytest.approx(4000 / EVENTS_A_SECOND)


def test_events_without_sound_at_that_pace_are_too_many() -> None:
    allowed = round(BURST) + MOST_TOO_MANY
    assert taken(allowed, has_sound=False) > 0
    with pytest.raises(ProtocolError) as raised:
        taken(allowed + 1, has_sound=False)
    assert raised.value.code == "too_many_events"


def test_a_conversation_may_go_on_for_ever() -> None:
    assert taken(20_000, has_sound=False, every=0.01) == pytest.approx(200.0)


async def met(talk: Callable[[Peer], Awaitable[Any]], port: asyncio.Future[int]) -> Any:
    """What ``talk`` makes of the first peer that connects."""
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            done.set_result(await talk(Peer(reader, writer, Patience(5.0, 0.2))))
        except Exception as error:
            done.set_result(error)
        writer.transport.abort()

    server = await asyncio.start_server(meet, HOST, 0)
    async with server:
        port.set_result(server.sockets[0].getsockname()[1])
        return await done


def test_our_own_slowness_is_nobody_elses_stalling() -> None:
    async def slow(peer: Peer) -> list[str]:
        kinds = []
        async for frame in peer.frames():
            kinds.append(frame.type)
            await asyncio.sleep(0.5)
        return kinds

    async def run() -> Any:
        port = asyncio.get_running_loop().create_future()
        meeting = asyncio.create_task(met(slow, port))
        _, writer = await asyncio.open_connection(HOST, await port)
        writer.write(event(wyoming.Ping()) + b'{"type": "describe"')
        await asyncio.sleep(0.6)
        writer.write(b"}\n")
        writer.write_eof()
        kinds = await meeting
        writer.close()
        return kinds

    assert asyncio.run(run()) == ["ping", "describe"]


def test_who_does_not_read_is_let_go() -> None:
    async def tell(peer: Peer) -> None:
        for _ in range(200):
            await peer.send(wyoming.TranscriptChunk("a" * 100_000))

    async def run() -> Any:
        port = asyncio.get_running_loop().create_future()
        meeting = asyncio.create_task(met(tell, port))
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_connect(deaf, (HOST, await port))
            return await meeting

    with capture_logs() as lines:
        assert isinstance(asyncio.run(run()), ConnectionError)
    assert [line["code"] for line in lines] == ["not_read"]


# --- memory -------------------------------------------------------------------------------


def floods() -> Iterator[tuple[bytes, bytes]]:
    """What a careless server keeps: a beginning, and what comes over and over."""
    block = bytes(65536)
    yield b"", b"a" * 65536
    yield b'{"type": ', b"[" * 65536
    yield header("describe", data_length=2**31), block
    yield header("audio-chunk", payload_length=2**31), block
    yield header("audio-chunk", payload_length=2**20), block
    yield b"", event(wyoming.Describe()) * 2000
    yield start(), event(wyoming.AudioChunk(*FORMAT, audio=block))
    yield start(8_000, 1, 1), event(wyoming.AudioChunk(8_000, 1, 1, audio=bytes(2**20)))
    yield b"", event(wyoming.Transcribe(transcript_terms=("a" * 90,) * 500))


def flood(port: int, beginning: bytes, more: bytes, seconds: float) -> None:
    """As much as the server takes; what it answers is not read."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1.0) as peer:
            for content in chain([beginning], repeat(more)):
                peer.sendall(content)
                if time.monotonic() > until:
                    break


def resident_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def test_peers_that_hang_up_while_they_are_refused_are_no_errors(tmp_path: Path) -> None:
    reset = struct.pack("ii", 1, 0)
    with up(tmp_path) as server:
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", server.wyoming_port), 60) as peer:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                with suppress(OSError):
                    peer.sendall(b"no event\n" * 10_000)
        assert server.stop() == 0
        assert [line for line in server.log() if line["level"] == "error"] == []


def test_a_hostile_peer_cannot_make_the_server_grow(tmp_path: Path) -> None:
    with up(tmp_path, stall_seconds=1) as server:
        assert asyncio.run(text_of(server.wyoming_port, scripted(4))) == "turn off the light"
        before = resident_mib(server.process.pid)
        hostile = [
            threading.Thread(target=flood, args=(server.wyoming_port, *each, 5.0))
            for each in floods()
        ]
        for thread in hostile:
            thread.start()
        grown = []
        while any(thread.is_alive() for thread in hostile):
            assert asyncio.run(text_of(server.wyoming_port, scripted(4))) == "turn off the light"
            grown.append(resident_mib(server.process.pid) - before)
        assert max(grown) <= LIMIT_MIB
        assert server.stop() == 0
