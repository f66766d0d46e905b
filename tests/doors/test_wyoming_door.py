"""The Wyoming door as a whole: how it closes, what it logs, and who is told of it."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.doors.wyoming_peers import (
    HOST,
    answers,
    client,
    door,
    refusal,
    say,
    scripted,
    transcribed,
)
from wyoming.asr import Transcript
from wyoming.audio import AudioStop
from wyoming.ping import Ping
from zeroconf.asyncio import AsyncZeroconf

from earwitness.config import Settings
from earwitness.doors.wyoming import WyomingDoor
from earwitness.doors.wyoming.announcing import SERVICE
from earwitness.errors import SettingsError
from earwitness.wiring import Earwitness


def test_who_is_speaking_may_end_when_the_door_closes(tmp_path: Path) -> None:
    async def run() -> tuple[str, str | None, bool]:
        async with door(tmp_path) as (opened, _):
            async with client(opened.port) as busy, client(opened.port) as idle:
                await say(busy, scripted(4), end=False)
                await busy.write_event(Ping().event())
                await busy.read_event()
                await idle.write_event(Ping().event())
                await idle.read_event()
                stopping = asyncio.create_task(opened.stop(30))
                told = await refusal(idle)
                await busy.write_event(AudioStop().event())
                (transcript,) = [e for e in await answers(busy) if Transcript.is_type(e.type)]
                busy._writer.close()  # type: ignore[union-attr]
                await stopping
            with socket.socket() as late:
                refused = late.connect_ex((HOST, opened.port)) != 0
            return transcript.data["text"], told.code, refused

    assert asyncio.run(run()) == ("turn off the light", "stopping", True)


def test_nothing_that_is_said_is_logged(tmp_path: Path) -> None:
    async def run() -> None:
        async with door(tmp_path) as (opened, _), client(opened.port) as peer:
            await transcribed(peer, scripted(0), transcript_names=["Saoirse"])
            await say(peer, b"", language="Klingon")
            await refusal(peer)

    with capture_logs() as lines:
        asyncio.run(run())
    assert [line.get("code") for line in lines] == ["unsupported_language"]
    assert not {"alarm", "Saoirse", "Klingon"} & set(str(lines).replace("'", " ").split())


def test_it_is_announced_on_the_network_where_that_is_wanted(tmp_path: Path) -> None:
    async def run() -> tuple[Any, int]:
        async with door(tmp_path, wyoming_announce=True) as (opened, _):
            zeroconf = AsyncZeroconf(interfaces=[HOST])
            name = f"earwitness-{socket.gethostname().partition('.')[0]}.{SERVICE}"
            found = await zeroconf.async_get_service_info(SERVICE, name, timeout=30_000)
            await zeroconf.async_close()
            return found, opened.port

    found, port = asyncio.run(run())
    assert (found.parsed_addresses(), found.port) == ([HOST], port)


def test_announcing_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    settings = Settings(data=tmp_path, wyoming_port=0, wyoming_announce=True)

    async def run() -> None:
        with Earwitness.open(settings) as program:
            await WyomingDoor(program).start()

    with pytest.raises(SettingsError, match=r"earwitness\[zeroconf\]"):
        asyncio.run(run())
