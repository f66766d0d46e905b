"""Rooms do no I/O and read no clock: what they need is passed to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import earwitness

SOURCE = Path(earwitness.__file__).parent
ROOMS = [
    path
    for room in ("speech", "review", "sound", "evidence")
    for path in sorted((SOURCE / room).rglob("*.py"))
    if path.name != "__main__.py"  # a program by itself
]
OUTSIDE = {
    "asyncio", "http", "io", "logging", "os", "random", "secrets", "shutil", "socket", "sqlalchemy",
    "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
CLOCKS = {"now", "today", "utcnow", "time", "monotonic", "perf_counter"}


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def test_there_are_rooms_to_look_at() -> None:
    assert {path.parent.name for path in ROOMS} >= {"speech", "review", "sound"}


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_room_does_no_io_and_reads_no_clock(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not OUTSIDE & set(_imports(tree))
    assert not (CLOCKS | {"open", "print"}) & set(_calls(tree))


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.name)
def test_a_file_stays_under_four_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400
