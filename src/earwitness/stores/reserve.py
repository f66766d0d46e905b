"""Space that is taken in advance, and given back when a report, or what is added, needs it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import structlog

SIZE = 64 << 20
"""Bytes: some hundred reports with all that is sealed with them."""

log = structlog.get_logger(__name__)


class Reserve:
    """One file, which holds nothing and takes up room."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._path, self._size = path, size

    def take(self) -> bool:
        """Whether the room is there, taken now or before."""
        if self._path.exists():
            return True
        draft = self._path.with_name(f".{self._path.name}")
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self._size)
            finally:
                os.close(descriptor)
            draft.replace(self._path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            log.error("no room is kept for reports", why=error.strerror)
            return False
        return True

    def give_back(self) -> bool:
        """Whether there is more room now: it was taken, and the disk is full without it."""
        try:
            if shutil.disk_usage(self._path.parent).free >= self._size:
                return False
            self._path.unlink()
        except OSError:
            return False
        log.error("the disk is full: the room that was kept for reports is used")
        return True
