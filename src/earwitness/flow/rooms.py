"""Where the devices stand."""

from __future__ import annotations

from earwitness.errors import NotFound
from earwitness.ports import Records


def room_of(device: str, records: Records) -> str:
    """Empty for one that was never enrolled."""
    try:
        return records.device(device).room
    except NotFound:
        return ""
