"""Whole files in and out, each failure by the file's name."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from earwitness.errors import InputError


def read_whole(file: Path) -> str:
    """The text of a file. Raises InputError, which names it."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}.") from error


def write_new(file: Path, content: bytes) -> None:
    """A new file for its owner alone, whole or not at all. Raises InputError, which names it."""
    try:
        with open(file, "xb", opener=_private) as made:
            try:
                made.write(content)
                made.flush()
            except OSError:
                file.unlink()
                raise
    except FileExistsError as error:
        raise InputError(f"{file}: is there already; name another file.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be written: {error}.") from error


def write_whole(file: Path, content: str | bytes) -> None:
    """The whole file or nothing, for its owner alone. Raises InputError, which names it."""
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with open(part, "xb", opener=_private) as made:
            made.write(content.encode() if isinstance(content, str) else content)
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InputError(f"{file}: cannot be written: {error}.") from error


def _private(file: str, flags: int) -> int:
    return os.open(file, flags, mode=0o600)
