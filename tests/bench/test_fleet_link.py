"""The fleet over the device link: the real door, the real client, scripted sounds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from tests.doors.link_house import Site, serving
from tests.flow.house import SCRIPTS
from tests.live.streams import said, silence

from earwitness.audio.samples import to_int16
from earwitness.bench.figures import Plain
from earwitness.device.keys import Identity, KeyFile, new_seed
from earwitness.engines.scripted import ScriptedEngine
from earwitness.errors import AccessRefused, InputError
from earwitness.fleet.crew import Plan
from earwitness.fleet.identities import enrol_all, enrolled
from earwitness.fleet.link import LinkDoor
from earwitness.fleet.recordings import FRAME_SECONDS, Recording
from earwitness.fleet.run import run
from earwitness.fleet.sockets import address
from earwitness.fleet.tally import Fate, Said
from earwitness.fleet.wheel import Wheel
from earwitness.flow import access
from earwitness.live.hearing import Limits
from earwitness.model import Samples

PLAN = Plan(speaking=2, connected=3, seconds=2.0, duty=1.0)


class Slow(ScriptedEngine):
    """Takes longer to hear than anybody waits."""

    def encode(self, audio: Samples) -> Any:
        sleep(1.0)
        return super().encode(audio)


def of(audio: Samples, text: str) -> Recording:
    return Recording(to_int16(audio).astype("<i2").tobytes(), text)


LIGHT = of(said(4, pause=0.2), "turn off the light")
TWICE = of(said(4, 5), "turn off the light turn off the lights now")


def measured(folder: Path, recording: Recording, **chosen: object) -> Plain:
    async def test() -> Plain:
        async with serving(folder, **chosen) as site:  # type: ignore[arg-type]
            keys = [site.enrolled() for _ in range(PLAN.connected)]
            return await spoken_to(site, keys, recording)

    return asyncio.run(test())


async def spoken_to(site: Site, keys: Sequence[Identity], recording: Recording) -> Plain:
    return await run(partial(LinkDoor, address(site.http), identities=keys), [recording], PLAN)


def test_every_recording_is_answered_with_what_was_said(tmp_path: Path) -> None:
    found = measured(tmp_path, LIGHT)
    assert found["utterances"] == found["answered"] >= PLAN.speaking
    assert (found["lost"], found["shed"], found["errors"]) == (0, 0, {})
    assert found["wer"] == 0.0
    assert 0 < found["final_latency_ms"]["p50"] < found["after_speech_ms"]["p50"]


def test_what_is_said_in_parts_is_put_together(tmp_path: Path) -> None:
    found = measured(tmp_path, TWICE)
    assert found["utterances"] == found["answered"] >= PLAN.speaking
    assert found["wer"] == 0.0


def test_where_nobody_speaks_the_answer_has_no_word(tmp_path: Path) -> None:
    found = measured(tmp_path, of(silence(1.0), ""))
    assert found["utterances"] == found["answered"] >= PLAN.speaking
    assert found["final_latency_ms"]["p50"] is None
    assert found["wer"] is None


def test_what_cannot_be_heard_in_time_is_counted_as_shed(tmp_path: Path) -> None:
    limits = Limits(threads=1, shed_seconds=0.01)
    found = measured(tmp_path, LIGHT, limits=limits, engine=Slow(SCRIPTS))
    assert found["utterances"] == found["answered"] + found["shed"]
    assert found["shed"] >= 1
    assert found["lost"] == 0


def test_a_line_that_breaks_is_carried_on_and_loses_nothing(tmp_path: Path) -> None:
    async def test() -> Said:
        async with serving(tmp_path) as site, Wheel(FRAME_SECONDS) as wheel:
            door = LinkDoor(address(site.http), wheel, [site.enrolled()])
            (line,) = door.lines(1)
            await line.open()
            saying = asyncio.create_task(line.say(door.prepare(LIGHT)))
            await asyncio.sleep(0.5)
            line._device.cut()
            try:
                return await saying
            finally:
                line.close()

    told = asyncio.run(test())
    assert (told.fate, told.text) == (Fate.ANSWERED, "turn off the light")
    assert told.reconnects == 1
    assert told.code == "disconnected"


def test_a_device_that_is_not_let_in_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            stranger = Identity(new_seed(), "0" * 16, "smith", "kitchen")
            with pytest.raises(AccessRefused):
                await spoken_to(site, [stranger] * PLAN.connected, LIGHT)
            with pytest.raises(InputError, match="there are keys of 1"):
                await spoken_to(site, [site.enrolled()], LIGHT)

    asyncio.run(test())


def test_where_no_server_is_a_device_does_not_try_for_ever() -> None:
    identity = Identity(new_seed(), "0" * 16, "smith", "kitchen")
    with pytest.raises(InputError, match=r"ws://127\.0\.0\.1:1/v1/device"):
        asyncio.run(
            run(
                partial(LinkDoor, address("ws://127.0.0.1:1"), identities=[identity] * 3),
                [LIGHT],
                PLAN,
            )
        )


def test_codes_become_key_files_that_open_the_door(tmp_path: Path) -> None:
    async def test() -> Plain:
        async with serving(tmp_path / "data") as site:
            records = site.program.records
            now = datetime.now(UTC)
            codes = [access.invite("smith", "den", now, records=records).code for _ in range(3)]
            (tmp_path / "codes").write_text("\n".join(codes) + "\n\n")
            keys = tmp_path / "keys"
            await asyncio.to_thread(enrol_all, site.http, tmp_path / "codes", keys)
            assert [KeyFile(path).enrolled().room for path in sorted(keys.iterdir())] == ["den"] * 3
            return await spoken_to(site, enrolled(keys), LIGHT)

    assert asyncio.run(test())["answered"] >= PLAN.speaking


def test_keys_and_codes_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no key files"):
        enrolled(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        enrol_all("http://127.0.0.1:1", tmp_path / "codes", tmp_path)
