"""Messages as files that somebody, or a printing service, sends on as letters."""

from __future__ import annotations

import os
from pathlib import Path

from earwitness.errors import NotDelivered
from earwitness.ports import Message


def write(name: str, message: Message, folder: Path) -> None:
    """One file for each message, durable on return. Raises NotDelivered."""
    path = folder / f"{name}-{message.id}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{message.subject}\n\n{message.text}")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NotDelivered(f"{path}: {error.strerror}") from error
