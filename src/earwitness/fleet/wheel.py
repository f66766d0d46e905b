"""One timer for the frames of every device.

A task for each device would wake up for each frame; here one wake-up sends the frames
of all devices whose turn it is.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

Step = Callable[[], bool]
"""Sends the next frame; False when that was the last."""


class Wheel:
    """Calls each step once a ``period``, in seconds, until it returns False.

    Use as an asynchronous context manager.
    """

    def __init__(self, period: float, slots: int = 16) -> None:
        self._tick_seconds = period / slots
        self._slots: list[list[Step]] = [[] for _ in range(slots)]
        self._ticks = 0
        self._origin = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.lags = array("f")
        """How late each frame was sent, in seconds."""

    def play(self, step: Step) -> None:
        """``step`` is called for the first time when its first frame has been spoken."""
        self._slots[(self._ticks - 1) % len(self._slots)].append(step)

    def late(self, due: float) -> None:
        """Something was to be sent at ``due``, a moment of ``monotonic``, and is sent now."""
        self.lags.append(max(0.0, monotonic() - due))

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._origin = monotonic()
        self._plan()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _plan(self) -> None:
        self._due = self._origin + self._ticks * self._tick_seconds
        self._timer = self._loop.call_later(self._due - monotonic(), self._turn)

    def _turn(self) -> None:
        slot = self._ticks % len(self._slots)
        self._slots[slot] = [step for step in self._slots[slot] if self._goes_on(step)]
        self._ticks += 1
        self._plan()

    def _goes_on(self, step: Step) -> bool:
        more = step()
        self.late(self._due)
        return more
