"""Asking a person at a terminal, or a script behind a pipe.

At a terminal the line can be edited, and a line that Ctrl-C cuts off is not lost: it
travels in ``Interrupted``.
"""

from __future__ import annotations

import contextlib
import sys
from types import ModuleType

from rich.text import Text

from earwitness.doors.cli.screen import Screen

PROMPT = "> "


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what had been typed by then."""

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.typed = typed


def ask(screen: Screen, question: str, hint: str = "", draft: str = "") -> str | None:
    """One line, stripped, or None at the end of the input. Raises Interrupted."""
    screen.err.print(Text.assemble((question, "bold"), "  ", (hint, "dim")))
    try:
        return _line(draft).strip()
    except EOFError:
        return None
    except KeyboardInterrupt:
        raise Interrupted(_typed()) from None


def at_terminal() -> bool:
    """Whether a person answers, and not a pipe or a file."""
    return sys.stdin.isatty()


def _line(draft: str) -> str:
    if not at_terminal():
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line
    readline = _readline()
    if readline is not None and draft:
        readline.set_startup_hook(lambda: readline.insert_text(draft))
    try:
        return input(PROMPT)
    finally:
        if readline is not None:
            readline.set_startup_hook(None)


def _typed() -> str:
    readline = _readline()
    return "" if readline is None else str(readline.get_line_buffer()).strip()


def _readline() -> ModuleType | None:
    """Not every Python is built with it; then lines are asked for without editing."""
    with contextlib.suppress(ImportError):
        import readline

        return readline
    return None
