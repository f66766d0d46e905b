"""The key that signs the log, in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from earwitness.errors import SettingsError
from earwitness.evidence.notes import NoteError, SigningKey


def log_key(path: Path) -> SigningKey:
    """The key in this file; the first time a new one, with a name that no other log has.

    Raises SettingsError where it cannot be read or made.
    """
    try:
        _make(path)
        return SigningKey.parse(path.read_text(encoding="ascii"))
    except OSError as error:
        raise SettingsError(f"EARWITNESS_LOG_KEY: {path}: {error.strerror}.") from error
    except (NoteError, UnicodeDecodeError) as error:
        raise SettingsError(f"EARWITNESS_LOG_KEY: {path}: this is no key of a log.") from error


def _make(path: Path) -> None:
    """As a whole or not at all, and never in the place of one that is there."""
    if path.exists():
        return
    name = f"earwitness.local/{secrets.token_hex(8)}"
    made = SigningKey.from_seed(name, secrets.token_bytes(32)).written()
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:  # another process was first
        return
    finally:
        draft.unlink(missing_ok=True)
