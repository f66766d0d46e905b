"""The device link over real sockets: the real device, and peers that break the rules."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.doors.link_house import serving, talking
from tests.live.streams import said


def test_a_device_speaks_and_is_answered(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path) as site:
            async with talking(site.url, site.enrolled()) as talker:
                talker.say(said(4, 0))
                await talker.finish()
                print(talker.told)
                assert talker.texts == ["turn off the light", "eat that alarm"]
                assert len(site.kept()) == 1

    asyncio.run(run())
