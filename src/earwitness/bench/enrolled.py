"""Devices that are let in for a measurement, without anybody reading codes aloud."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from earwitness.config import Settings
from earwitness.device.keys import Identity, KeyFile, new_seed, public
from earwitness.flow import access
from earwitness.wiring import Earwitness

HOUSEHOLD, ROOM = "bench", "lab"


def enrol(settings: Settings, number: int, folder: Path) -> None:
    """So many devices in the store of ``settings``; their key files go into ``folder``."""
    now = datetime.now(UTC)
    with Earwitness.open(settings) as program:
        for place in range(number):
            code = access.invite(HOUSEHOLD, ROOM, now, records=program.records).code
            seed = new_seed()
            key = bytes.fromhex(public(seed))
            device = access.enrol(code, key, now, records=program.records)
            identity = Identity(seed, device.id, HOUSEHOLD, ROOM)
            KeyFile(folder / f"{place:05}.json").write(identity)
