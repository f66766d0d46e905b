"""Messages as files that somebody, or a printing service, sends on as letters."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from earwitness.errors import NotDelivered
from earwitness.ports import Message


def write(name: str, message: Message, folder: Path) -> None:
    """One file for each message, as a whole or not at all, durable on return.

    Raises NotDelivered.
    """
    path = folder / f"{name}-{message.id}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(path, f"{message.subject}\n\n{message.text}".encode())
    except OSError as error:
        raise NotDelivered(f"{path}: {error.strerror}") from error


def _put(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
