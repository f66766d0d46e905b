"""Many devices on one server: killed amid what they say, and taught while they speak."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tests.doors.servers import Running, up

from earwitness import starter
from earwitness.device.client import Device
from earwitness.device.keys import Identity, new_seed, public
from earwitness.device.sound import in_real_time
from earwitness.flow import access
from earwitness.model import SAMPLE_RATE, Samples, Taught, TrialOutcome
from earwitness.starter import Recording, Role
from earwitness.wire.link import messages as link
from earwitness.wiring import Earwitness

QUIET = np.zeros(SAMPLE_RATE, np.float32)


class Talker:
    """The real device, and every final that it was told."""

    def __init__(self, port: int, identity: Identity) -> None:
        self.finals: list[link.Final] = []
        self.shed = 0
        self.device = Device(f"ws://127.0.0.1:{port}/v1/device", identity, self._hear)

    async def say(self, sound: Samples) -> None:
        """In real time, with a second of quiet behind it."""
        async for block in in_real_time([np.concatenate([sound, QUIET])]):
            self.device.say(block)
        self.device.session.end()

    def _hear(self, told: Any) -> None:
        if isinstance(told, link.Final):
            self.finals.append(told)
        self.shed += isinstance(told, link.Shed)


def enrolled(program: Earwitness, room: str) -> Identity:
    now, seed = datetime.now(UTC), new_seed()
    code = access.invite("smith", room, now, records=program.records).code
    device = access.enrol(code, bytes.fromhex(public(seed)), now, records=program.records)
    return Identity(seed, device.id, "smith", room)


@asynccontextmanager
async def talking(port: int, identities: Sequence[Identity]) -> AsyncIterator[list[Talker]]:
    talkers = [Talker(port, identity) for identity in identities]
    running = [asyncio.create_task(talker.device.run()) for talker in talkers]
    try:
        yield talkers
    finally:
        await asyncio.gather(*(talker.device.close() for talker in talkers))
        await asyncio.gather(*running)


def sounds(program: Earwitness, role: Role) -> list[tuple[Recording, Samples]]:
    return [(clip, program.reader.read(clip.path)) for clip in starter.recordings(role)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_fifty_devices_carry_on_after_their_server_was_killed(tmp_path: Path) -> None:
    """Every utterance is kept here, so the store says what was lost or doubled."""
    port, devices, each = free_port(), 50, 2
    everything = {"http_port": port, "audit_fraction": 1, "shed_seconds": 60}

    async def run(first: Running) -> list[Talker]:
        with Earwitness.open(first.settings) as program:
            identities = [enrolled(program, f"room {number}") for number in range(devices)]
            clips = [sound for _, sound in sounds(program, Role.SOUND_ALIKE)]
        async with talking(port, identities) as talkers:
            speaking = [
                asyncio.create_task(_speak(talker, clips[at % len(clips) :] + clips, each))
                for at, talker in enumerate(talkers)
            ]
            while sum(len(talker.finals) for talker in talkers) < devices // 2:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(_kill, first)
            with up(tmp_path, **everything):
                await asyncio.gather(*speaking)
                await asyncio.gather(*(talker.device.drained() for talker in talkers))
        return talkers

    with up(tmp_path, **everything) as first:
        talkers = asyncio.run(run(first))
        settings = first.settings
    with Earwitness.open(settings) as program:
        kept = [program.records.utterance(item.utterance) for item in program.records.items()]
        assert program.records.check() == []
    by_device = Counter(utterance.source.device for utterance in kept)
    assert set(by_device.values()) == {each}
    assert len(by_device) == devices
    told = Counter(final.utterance for talker in talkers for final in talker.finals)
    assert set(told) == {utterance.id for utterance in kept}
    assert all(count == 1 for count in told.values())


async def _speak(talker: Talker, clips: Sequence[Samples], times: int) -> None:
    for clip in clips[:times]:
        await talker.say(clip)


def _kill(server: Running) -> None:
    server.process.kill()
    server.process.wait()


def test_a_word_taught_while_twenty_streams_run_is_heard_in_the_next_of_each(
    tmp_path: Path,
) -> None:
    async def run(server: Running) -> None:
        with Earwitness.open(server.settings) as program:
            said, before, after = _misheard(program)
            identities = [enrolled(program, f"room {number}") for number in range(20)]
            async with talking(server.http_port, identities) as talkers:
                await asyncio.gather(*(talker.say(before) for talker in talkers))
                await _answered(talkers, 1)
                speaking = [asyncio.create_task(talker.say(before)) for talker in talkers]
                tried = await asyncio.to_thread(program.teach, Taught(said), by="ada")
                assert tried.outcome is TrialOutcome.LIVE
                await asyncio.gather(*speaking)
                await _answered(talkers, 2)
                await asyncio.gather(*(talker.say(after) for talker in talkers))
                await _answered(talkers, 3)
        for talker in talkers:
            first, _, last = talker.finals
            assert said not in first.text.casefold().split()
            assert said in last.text.casefold().split()
            assert last.revision == first.revision + 1
            assert talker.shed == 0

    with up(tmp_path, scripted=False, shed_seconds=60) as server:
        asyncio.run(run(server))


def _misheard(program: Earwitness) -> tuple[str, Samples, Samples]:
    """A slang word that the recogniser does not know, in two recordings of it."""
    clips = [sound for clip, sound in sounds(program, Role.DEMO) if clip.extra == ("yeet",)]
    return "yeet", clips[0], clips[1]


async def _answered(talkers: Sequence[Talker], count: int) -> None:
    while any(len(talker.finals) < count for talker in talkers):
        await asyncio.sleep(0.01)
