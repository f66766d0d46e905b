"""One line that shows what a device hears, and what of it leaves; and single keys."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live
from rich.text import Text

from earwitness.device.listening import Listening
from earwitness.device.sound import level
from earwitness.doors.cli.screen import Screen, printable
from earwitness.model import SAMPLE_RATE, Samples

BARS = "▁▂▃▄▅▆▇█"
QUIET, LOUD = -60.0, -10.0
"""Decibels of full scale at the ends of the meter."""


class Meter:
    """Drawn on stderr while a person looks on; counts in any case."""

    def __init__(self, listening: Listening, screen: Screen) -> None:
        self._listening = listening
        self._screen = screen
        self._level = QUIET
        self._live: Live | None = None
        self.partial = ""
        self.sent = 0.0
        """Seconds that have left the device, as far as they were heard once."""

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not self._screen.err.is_terminal:
            yield
            return
        with Live(console=self._screen.err, transient=True, auto_refresh=False) as self._live:
            yield

    def heard(self, block: Samples) -> None:
        self._level = level(block)
        if self._listening.sending:
            self.sent += len(block) / SAMPLE_RATE
        self.draw()

    def draw(self) -> None:
        if self._live is not None:
            self._live.update(self._line(), refresh=True)

    def _line(self) -> Text:
        listening = self._listening
        held = listening.device.session.buffer.samples / SAMPLE_RATE
        return Text.assemble(
            f"{self._bar()} ",
            self._state(),
            (f"  sent {self.sent:.1f} s, unanswered {held:.1f} s", "dim"),
            ("" if listening.device.connected else "  not connected", "yellow"),
            ("" if listening.consent else "  without consent", "yellow"),
            f"  {printable(self.partial)}",
            no_wrap=True,
            overflow="ellipsis",
        )

    def _state(self) -> tuple[str, str]:
        if self._listening.muted:
            return "muted", "bold"
        return ("sending", "bold red") if self._listening.sending else ("listening", "dim")

    def _bar(self) -> str:
        share = (self._level - QUIET) / (LOUD - QUIET)
        return " " if self._listening.muted else BARS[round(max(0.0, min(1.0, share)) * 7)]


@contextmanager
def pressed_keys(pressed: Callable[[str], None]) -> Iterator[None]:
    """Calls ``pressed`` with each key, where stdin is a terminal; it is put back at the end."""
    if not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()
    tty.setcbreak(terminal)

    def read() -> None:
        for key in os.read(terminal, 64).decode(errors="ignore"):
            pressed(key)

    loop.add_reader(terminal, read)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
