"""The newest head of the log in a file of its own, beside the store."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from earwitness.errors import StoreError
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import Note, NoteError

PEAK = "# "
"""Begins what is kept behind the note: no line of one begins so."""


class HeadFile:
    """Implements ``ports.HeadCopy``. Written as a whole or not at all; for its owner alone.

    Behind the note stand the peaks of its tree: with them the log can be added to, whatever
    becomes of the store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str:
        return "".join(line for line in self._lines() if not line.startswith(PEAK))

    def peaks(self) -> tuple[bytes, ...]:
        lines = (line[len(PEAK) :] for line in self._lines() if line.startswith(PEAK))
        try:
            return tuple(map(bytes.fromhex, lines))
        except ValueError:
            return ()

    def write(self, note: str, peaks: Sequence[bytes]) -> None:
        lines = "".join(f"{PEAK}{each.hex()}\n" for each in peaks)
        with _named(self._path), self._locked():
            if _size(note) > _size(self.read()):
                self._replace((note + lines).encode())

    def _lines(self) -> list[str]:
        with _named(self._path):
            try:
                return self._path.read_text(encoding="utf-8").splitlines(keepends=True)
            except FileNotFoundError:
                return []

    def _replace(self, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Several workers write it; the largest head wins, whoever comes last."""
        path = self._path.with_name(f".{self._path.name}.lock")
        descriptor = os.open(path, os.O_CREAT | os.O_CLOEXEC | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _size(note: str) -> int:
    """0 for what cannot be read: a head takes its place."""
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except NoteError:
        return 0


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise StoreError(f"{path}: {why}.") from error
