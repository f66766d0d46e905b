"""Room for reports: taken once, given back only where the disk is full without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.errors import StoreError
from earwitness.stores import FolderBlobs
from earwitness.stores.reserve import Reserve

ENORMOUS = 1 << 60


def test_room_is_taken_once_and_is_really_there(tmp_path: Path) -> None:
    room = Reserve(tmp_path / "room", 1 << 20)
    assert room.take()
    assert room.take()
    taken = (tmp_path / "room").stat()
    assert taken.st_size == 1 << 20
    assert taken.st_blocks * 512 >= 1 << 20
    assert not room.give_back()  # there is plenty
    assert [each.name for each in tmp_path.iterdir()] == ["room"]


def test_a_full_disk_gets_it_back_once(tmp_path: Path) -> None:
    (tmp_path / "room").write_bytes(b"taken on a larger disk")
    room = Reserve(tmp_path / "room", ENORMOUS)
    assert room.give_back()
    assert not room.give_back()
    assert not room.take()  # not as much as that
    assert list(tmp_path.iterdir()) == []


def test_clips_leave_room_for_reports(tmp_path: Path) -> None:
    clips = FolderBlobs(tmp_path / "clips", spare=ENORMOUS)
    with pytest.raises(StoreError, match="nearly full"):
        clips.put(b"sound")
    assert FolderBlobs(tmp_path / "sealed").put(b"sound")
