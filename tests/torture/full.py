"""The disk fills up while reports come in; it needs root, for a small disk of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.flow.test_reporting import SAID

from earwitness.config import Settings
from earwitness.errors import StoreError
from earwitness.flow.incidents import codes
from earwitness.wiring import Earwitness

MIB = 96


def run() -> int:
    """How many reports were acknowledged on a full disk. Raises AssertionError."""
    with TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MIB}m", "tmpfs", name]
        subprocess.run(mount, check=True, capture_output=True)
        try:
            return _report_until_refused(Path(name))
        finally:
            subprocess.run(["umount", "-l", name], check=True, capture_output=True)


def _report_until_refused(folder: Path) -> int:
    acknowledged = []
    with Earwitness.open(Settings(data=folder)) as program:
        assert program.reserve.take()
        _fill(folder / "somebody else's")
        while len(acknowledged) < 200:
            code = codes.new_code()
            try:
                acknowledged.append((code, program.report(SAID, code)))
            except StoreError:
                break  # the room is used up, too: what was sent is not acknowledged
            _fill(folder / f"more {code}", 1 << 20)
        assert not (folder / "reserve").exists()
        for _, receipt in acknowledged:
            assert program.records.records(receipt.case)
        kept = len(program.records.cases()) - len(acknowledged)
        assert kept in (0, 1)  # the last may be kept, and wait to be sent again
    return len(acknowledged)


def _fill(path: Path, most: int = MIB << 20) -> None:
    """With something that is not ours, until there is no room."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(most >> 12):
            os.write(descriptor, bytes(1 << 12))
    except OSError:
        pass
    finally:
        os.close(descriptor)
