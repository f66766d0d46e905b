"""What the store of clips promises."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.errors import NotFound, StoreError
from earwitness.stores import FolderBlobs

HOUR = timedelta(hours=1)
MISSING = "0" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clips"


@pytest.fixture
def blobs(folder: Path) -> FolderBlobs:
    return FolderBlobs(folder)


def age(path: Path) -> None:
    """As if it had been put a day ago."""
    long_ago = (datetime.now(UTC) - 24 * HOUR).timestamp()
    os.utime(path, (long_ago, long_ago))


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - HOUR


@given(content=st.binary(max_size=1000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_clip_is_read_back_under_its_hash(blobs: FolderBlobs, content: bytes) -> None:
    key = blobs.put(content)
    assert key == hashlib.sha256(content).hexdigest()
    assert blobs.get(key) == content


def test_the_same_clip_is_kept_once(blobs: FolderBlobs) -> None:
    assert blobs.put(b"clip") == blobs.put(b"clip")
    blobs.put(b"another")
    assert len(blobs.keys()) == 2


def test_clips_are_there_after_opening_again(blobs: FolderBlobs, folder: Path) -> None:
    key = blobs.put(b"clip")
    assert FolderBlobs(folder).get(key) == b"clip"


def test_clips_are_their_owners_alone(blobs: FolderBlobs, folder: Path) -> None:
    blobs.put(b"clip")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_deleted_clip_is_gone(blobs: FolderBlobs, folder: Path) -> None:
    key = blobs.put(b"clip")
    blobs.delete(key)
    blobs.delete(key)
    assert blobs.keys() == []
    with pytest.raises(NotFound, match=key):
        blobs.get(key)


@pytest.mark.parametrize("key", [MISSING, "", "../clips", ".lock", "A" * 64, "0" * 63, "\x00"])
def test_what_is_no_key_is_not_found(blobs: FolderBlobs, key: str) -> None:
    with pytest.raises(NotFound):
        blobs.get(key)


@pytest.mark.parametrize("key", ["../victim", "/etc/passwd", ".lock"])
def test_nothing_outside_the_clips_is_deleted(blobs: FolderBlobs, folder: Path, key: str) -> None:
    (folder.parent / "victim").touch()
    with pytest.raises(NotFound):
        blobs.delete(key)
    assert (folder.parent / "victim").exists()
    assert (folder / ".lock").exists()


def test_a_damaged_clip_is_an_error_and_putting_it_again_mends_it(
    blobs: FolderBlobs, folder: Path
) -> None:
    key = blobs.put(b"clip")
    (folder / key).write_bytes(b"")
    with pytest.raises(StoreError, match="damaged"):
        blobs.get(key)
    blobs.put(b"clip")
    assert blobs.get(key) == b"clip"


def test_a_sweep_takes_old_orphans_and_nothing_else(blobs: FolderBlobs, folder: Path) -> None:
    used, orphan, young = (blobs.put(content) for content in (b"used", b"orphan", b"young"))
    piece = folder / f"{MISSING}#1"
    piece.write_bytes(b"half a clip of a killed process")
    for path in (folder / used, folder / orphan, piece):
        age(path)
    assert blobs.sweep({used}, an_hour_ago()) == sorted([piece.name, orphan])
    assert blobs.keys() == sorted([used, young])


def test_an_orphan_that_is_put_again_is_not_swept(blobs: FolderBlobs, folder: Path) -> None:
    key = blobs.put(b"clip")
    age(folder / key)
    blobs.put(b"clip")
    assert blobs.sweep((), an_hour_ago()) == []
    assert blobs.get(key) == b"clip"


def test_a_clip_put_while_others_sweep_is_never_lost(blobs: FolderBlobs, folder: Path) -> None:
    key = blobs.put(b"clip")
    stop = threading.Event()
    other = FolderBlobs(folder)

    def sweep() -> None:
        while not stop.is_set():
            other.sweep((), an_hour_ago())

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(100):
            if (folder / key).exists():
                age(folder / key)
            blobs.put(b"clip")
            assert blobs.get(key) == b"clip"
    finally:
        stop.set()
        sweeper.join()


def test_a_place_that_cannot_be_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        FolderBlobs(tmp_path / "file")
