"""What the terminal shows: results on stdout; progress, notes and errors on stderr.

With ``--json`` stdout carries one JSON document and nothing else. Colour means
something or is not there: yellow is doubt, red is harm, green is settled.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Thing = TypeVar("Thing")
Reach = Callable[[float, float], None]
"""Told how many are done, of how many."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]


def printable(text: str) -> str:
    """The text without anything that could steer a terminal or hide other text."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(char) else char for char in text)


def _steers(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def plain(value: object) -> Any:
    """A value of the domain as JSON knows it."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return os.fsencode(value).decode("utf-8", "backslashreplace")
    # A half character has no UTF-8; it comes with a file name that is no UTF-8 either.
    return _whole(value) if isinstance(value, str) else value


def _whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def dump(value: object) -> str:
    return json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False)


class Screen:
    """One command's output."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False, soft_wrap=False)
        self.err = Console(stderr=True, highlight=False)

    def result(self, value: object, show: Callable[[Console], None]) -> None:
        """The command's answer: as JSON, or as ``show`` draws it."""
        if self.as_json:
            sys.stdout.write(dump(value) + "\n")
        else:
            show(self.out)

    def note(self, text: str, style: str = "dim") -> None:
        self.err.print(Text(printable(text), style=style), soft_wrap=True)

    def warn(self, text: str) -> None:
        self.note(text, "yellow")

    def error(self, text: str) -> None:
        self.err.print(Text.assemble(("error  ", "bold red"), printable(text)), soft_wrap=True)

    def track(self, things: Sequence[Thing], doing: str) -> Iterator[Thing]:
        """The same things, with a bar while a person looks on."""
        with self.progress(doing) as reach:
            for done, thing in enumerate(things):
                reach(done, len(things))
                yield thing

    @contextmanager
    def waiting(self, doing: str) -> Iterator[None]:
        """Shows that something goes on, to a person who looks on."""
        with self.err.status(Text(printable(doing))) if self.err.is_terminal else nullcontext():
            yield

    @contextmanager
    def steps(self) -> Iterator[Callable[[str, float, float], None]]:
        """A bar whose name changes from step to step; in a log, a line for each step."""
        if not self.err.is_terminal:
            yield self._lines()
            return
        with self._bar() as update:
            yield update

    def _lines(self) -> Callable[[str, float, float], None]:
        said: set[str] = set()

        def update(doing: str, done: float, total: float) -> None:
            if doing not in said:
                said.add(doing)
                self.note(f"{doing} ...")

        return update

    @contextmanager
    def progress(self, doing: str) -> Iterator[Reach]:
        """A bar while a person looks on, and there is more than one step."""
        with self._bar() as update:
            yield lambda done, total: update(doing, done, total)

    @contextmanager
    def _bar(self) -> Iterator[Callable[[str, float, float], None]]:
        """A bar on stderr, gone when done; none where stderr is not a terminal."""
        if not self.err.is_terminal:
            yield lambda doing, done, total: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn())
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task("", total=None, visible=False)
            yield lambda doing, done, total: bar.update(
                task, description=doing, completed=done, total=total, visible=total > 1
            )


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Columns that line up, without a frame; those in ``right`` hold numbers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        made.add_column(column, justify="right" if column in set(right) else "left")
    return made


def cell(text: str, style: str = "") -> Text:
    return Text(printable(text), style=style)


def percent(rate: float, digits: int = 0) -> str:
    return f"{rate * 100:.{digits}f} %"


def clock(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: ``3 h``."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
