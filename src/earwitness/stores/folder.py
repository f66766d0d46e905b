"""Clips as files in a private folder, named by what they hold."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from earwitness.errors import NotFound, StoreError

_KEY = re.compile(r"[0-9a-f]{64}")
_LOCK = ".lock"


class FolderBlobs:
    """Implements ``ports.Blobs``. The key is the SHA-256 of the content, in hex.

    ``put`` holds a shared and whatever removes an exclusive lock on the folder, so a
    clip that was just put again is never swept as the orphan that it was before.
    """

    def __init__(self, folder: Path, spare: int = 0) -> None:
        """Creates the folder, for its owner alone. Raises StoreError where that fails.

        Nothing is put while fewer than ``spare`` bytes are free: they are for something else.
        """
        self._spare = spare
        self._folder = folder.expanduser().absolute()
        with _named(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            os.close(os.open(self._folder / _LOCK, os.O_CREAT | os.O_CLOEXEC, 0o600))
            _sync(self._folder.parent)
            self._store = LocalStore(self._folder)

    def put(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        with _named(self._folder / key), self._locked(fcntl.LOCK_SH):
            if self._spare and shutil.disk_usage(self._folder).free < self._spare:
                raise StoreError(f"{self._folder}: the disk is nearly full; no clip is kept.")
            try:
                self._store.put(key, content, mode="create")
            except AlreadyExistsError:
                self._put_again(key, content)
            (self._folder / key).chmod(0o600)
            _sync(self._folder / key)
            _sync(self._folder)
        return key

    def _put_again(self, key: str, content: bytes) -> None:
        """Young again, so that no sweep takes it; whole again, if a power cut tore it."""
        os.utime(self._folder / key)
        if (self._folder / key).read_bytes() != content:
            self._store.put(key, content, use_multipart=False)

    def get(self, key: str) -> bytes:
        """Raises StoreError where the content is no longer what the key says."""
        with _named(self._folder / _checked(key)):
            content = self._store.get(key).bytes().to_bytes()
        if hashlib.sha256(content).hexdigest() != key:
            raise StoreError(f"{self._folder / key}: the clip is damaged.")
        return content

    def delete(self, key: str) -> None:
        """Gone for good on return; a key that is not there is fine."""
        with _named(self._folder / _checked(key)), self._locked(fcntl.LOCK_EX):
            (self._folder / key).unlink(missing_ok=True)
            _sync(self._folder)

    def keys(self) -> Sequence[str]:
        with _named(self._folder):
            return sorted(path.name for path in self._files() if _KEY.fullmatch(path.name))

    def sweep(self, used: Collection[str], older_than: datetime) -> Sequence[str]:
        """Deletes what no record names and nobody put since; returns the names.

        A clip is put before the transaction that names it, so ``older_than`` must lie
        before the moment at which ``used`` was read, by more than a transaction takes.
        Pieces that a killed ``put`` left behind go too.
        """
        with _named(self._folder), self._locked(fcntl.LOCK_EX):
            orphans = [path for path in self._files() if path.name not in used]
            swept = [path for path in orphans if path.stat().st_mtime < older_than.timestamp()]
            for path in swept:
                path.unlink()
            _sync(self._folder)
        return sorted(path.name for path in swept)

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.iterdir() if path.name != _LOCK and path.is_file())

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        descriptor = os.open(self._folder / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


def _checked(key: str) -> str:
    """Raises NotFound for what cannot be a key, such as a path out of the folder."""
    if not _KEY.fullmatch(key):
        raise NotFound(f"There is no clip {key!r}.")
    return key


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"There is no {path}.") from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}.") from error
    except BaseError as error:
        raise StoreError(f"{path}: {str(error).splitlines()[0]}") from error
