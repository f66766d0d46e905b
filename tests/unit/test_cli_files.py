from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from earwitness.doors.cli.files import write_new, write_whole
from earwitness.errors import InputError


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: what a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("write", [write_new, write_whole])
def test_where_there_is_no_room_nothing_is_left(
    write: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    file = tmp_path / "clip.wav"
    with room_for(1000), pytest.raises(InputError, match=r"clip\.wav"):
        write(file, bytes(100_000))
    assert list(tmp_path.iterdir()) == []
    write(file, b"sound")
    assert file.read_bytes() == b"sound"


def test_what_is_there_is_not_overwritten_by_a_new_file(tmp_path: Path) -> None:
    file = tmp_path / "clip.wav"
    write_new(file, b"first")
    with pytest.raises(InputError, match="already"):
        write_new(file, b"second")
    assert file.read_bytes() == b"first"
