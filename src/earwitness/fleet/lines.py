"""What a door is to a virtual device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from earwitness.fleet.recordings import Recording
from earwitness.fleet.tally import Said


class Line(Protocol):
    """The connection of one device. Says one thing at a time."""

    @property
    def is_open(self) -> bool: ...

    async def open(self) -> None:
        """Connects. Raises InputError, AccessRefused."""

    async def say(self, prepared: Any) -> Said:
        """Plays what ``Door.prepare`` made in real time and waits for what becomes of it."""

    def keep_alive(self) -> None:
        """Nobody speaks, but the device is still there."""

    def close(self) -> None: ...


class Door(Protocol):
    """One door of a server."""

    def prepare(self, recording: Recording) -> Any:
        """The recording as it goes over the wire; done once, before anybody speaks."""

    def lines(self, number: int) -> Sequence[Line]:
        """The connections of so many devices, not open yet."""
