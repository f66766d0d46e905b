"""A recording that somebody sent: held in memory, never in a file."""

from __future__ import annotations

import os
import weakref


class MemoryFile:
    """An anonymous file in memory (memfd_create(2)); other processes may be handed its descriptor.

    It is gone when nobody refers to it any more, and not before, so that no thread that
    is late can meet another file under its number. ``name`` is what messages call it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.size = 0
        self._descriptor = os.memfd_create("recording", os.MFD_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)

    def write(self, content: bytes) -> None:
        """Appends."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self.size += len(content)

    def fileno(self) -> int:
        return self._descriptor

    def rewind(self) -> None:
        """Whoever reads it next reads from its start."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
