"""The keys that sign a log, in a file that only its owner reads.

The newest is the last line. Those before it sign, too, until they are retired: so whoever knows
only an older one, a witness or a reporter, has time to learn of the newer.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from earwitness.errors import SettingsError
from earwitness.evidence.notes import NoteError, SigningKey

log = structlog.get_logger(__name__)


class KeyFile:
    """The keys that are in a file now: who replaces one need not start anything anew."""

    def __init__(self, path: Path) -> None:
        self._path, self._keys, self._seen = path, tuple[SigningKey, ...](), (0, 0)

    def __call__(self) -> tuple[SigningKey, ...]:
        """A file that was damaged or taken away changes nothing. Raises as ``log_key`` at first."""
        try:
            if not self._keys or self._state() != self._seen:
                self._seen, self._keys = self._state(), log_keys(self._path)
                self._seen = self._state()  # of the file, if it was made just now
        except (OSError, SettingsError) as error:
            if not self._keys:
                raise
            log.error("the keys of the log cannot be read again", why=str(error))
        return self._keys

    def _state(self) -> tuple[int, int]:
        found = self._path.stat() if self._path.exists() else None
        return (found.st_ino, found.st_mtime_ns) if found else (0, 0)


def log_key(path: Path) -> SigningKey:
    """The newest key in this file; the first time a new one, with a name that no other log has.

    Raises SettingsError where it cannot be read or made.
    """
    return log_keys(path)[-1]


def log_keys(path: Path) -> tuple[SigningKey, ...]:
    """All of them, the oldest first. Raises as ``log_key``."""
    try:
        if not path.exists():
            name = f"earwitness.local/{secrets.token_hex(8)}"
            _write(path, [_new(name)], os.link)
        lines = path.read_text(encoding="ascii").splitlines()
        keys = tuple(SigningKey.parse(line) for line in lines)
    except FileExistsError:  # another process was first
        return log_keys(path)
    except OSError as error:
        raise SettingsError(f"EARWITNESS_LOG_KEY: {path}: {error.strerror}.") from error
    except (NoteError, UnicodeDecodeError) as error:
        raise SettingsError(f"EARWITNESS_LOG_KEY: {path}: this is no key of a log.") from error
    if len({each.name for each in keys}) != 1:
        raise SettingsError(f"EARWITNESS_LOG_KEY: {path}: these are not the keys of one log.")
    return keys


def rotate(path: Path) -> SigningKey:
    """A new key behind those that are there; from the next start on all of them sign."""
    keys = log_keys(path)
    return _replaced(path, [*keys, _new(keys[-1].name)])


def retire(path: Path) -> SigningKey:
    """The newest key alone is left."""
    return _replaced(path, log_keys(path)[-1:])


def _replaced(path: Path, keys: Sequence[SigningKey]) -> SigningKey:
    try:
        _write(path, keys, os.replace)
    except OSError as error:
        raise SettingsError(f"EARWITNESS_LOG_KEY: {path}: {error.strerror}.") from error
    return keys[-1]


def _new(name: str) -> SigningKey:
    return SigningKey.from_seed(name, secrets.token_bytes(32))


def _write(path: Path, keys: Sequence[SigningKey], put: Callable[[Path, Path], None]) -> None:
    """As a whole or not at all, and durable on return. Raises OSError."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(each.written() for each in keys)
            file.flush()
            os.fsync(file.fileno())
        put(draft, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
