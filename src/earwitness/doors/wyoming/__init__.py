"""Wyoming over TCP: Home Assistant and its satellites."""

from earwitness.doors.wyoming.door import WyomingDoor

__all__ = ["WyomingDoor"]
