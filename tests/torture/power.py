"""The power goes while reports come in: a file system of our own that stops at any moment.

Two ways, in turn. **Frozen**: what a process wrote and did not sync is in the memory of the kernel,
and not on the device; a copy of the device, taken while the writers are stopped, is what a machine
finds that lost its power. **Shut down**: ext4 is told to write nothing more, not even its journal,
while the writers go on and are refused. It needs root, for mounting.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import warm
from tests.flow.incident_house import incidents
from tests.torture.together import together
from tests.torture.whole import assert_whole

from earwitness.flow.incidents import logbook, reporting

MIB = 64
SHUTDOWN, NOT_THE_JOURNAL = 0x8004587D, 2
"""``EXT4_IOC_SHUTDOWN``, as ``xfs_io -x -c shutdown`` calls it, and its flag ``NOLOGFLUSH``."""


def possible() -> bool:
    """Whether this machine lets us mount a file."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return False
    with TemporaryDirectory() as name:
        image = Path(name) / "device"
        try:
            _make(image)
            with _mounted(image, Path(name) / "at"):
                return True
        except subprocess.CalledProcessError:
            return False


def run(cuts: int, seed: int) -> Counter[str]:
    """How many reports were acknowledged before some cut; each is there after it."""
    return together(_one, [seed * 1000 + number for number in range(cuts)])


def _one(seed: int) -> Counter[str]:
    seconds, frozen = random.Random(seed).uniform(0.0, 1.5), seed % 2 == 0
    with TemporaryDirectory() as name:
        try:
            acknowledged = _cut(Path(name), seconds, frozen)
        except AssertionError as error:
            raise AssertionError(f"cut {seed}: {error}") from error
    return Counter(cuts=1, frozen=int(frozen), acknowledged=acknowledged)


def _cut(folder: Path, seconds: float, frozen: bool) -> int:
    image, found = folder / "device", folder / "found"
    _make(image)
    with _mounted(image, folder / "at") as at, _reporting(at) as (process, lines):
        time.sleep(seconds)
        if frozen:
            os.kill(process.pid or 0, signal.SIGSTOP)
            _until_stopped(process)
            shutil.copyfile(image, found)
        else:
            _shut_down(at)
    codes = [line.split()[1] for line in lines if line.startswith("acknowledged")]
    assert codes
    with _mounted(found if frozen else image, folder / "after") as after:
        on = incidents(after)
        assert_whole(on)
        for code in codes:
            case = reporting.opened(code, on).id
            logbook.receipt(case, on.book).check([on.book.key.public])
        on.records.close()  # type: ignore[attr-defined]
    return len(codes)


@contextmanager
def _reporting(at: Path) -> Iterator[tuple[warm.Started, list[str]]]:
    """A process that has had a report acknowledged, and the whole lines that it says until the
    end, when it is killed.
    """
    process = warm.Started(
        "tests.torture.reporting_child", str(at), "one", stdout=warm.PIPE, stderr=warm.PIPE
    )
    said: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        said.extend(line for line in process.stdout if line.endswith("\n"))

    with process:
        reader = threading.Thread(target=read)
        reader.start()
        while not any(line.startswith("acknowledged") for line in said):
            assert process.poll() is None
            time.sleep(0.005)
        try:
            yield process, said
        finally:
            process.kill()
            process.wait()
            reader.join()


def _until_stopped(process: warm.Started) -> None:
    """All of its threads: one that writes is stopped once it has written."""
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        while "State:\tT" not in (task / "status").read_text(encoding="utf-8"):
            time.sleep(0.001)


def _shut_down(at: Path) -> None:
    descriptor = os.open(at, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", NOT_THE_JOURNAL))
    finally:
        os.close(descriptor)


def _make(image: Path) -> None:
    with image.open("wb") as file:
        file.truncate(MIB << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)


@contextmanager
def _mounted(image: Path, at: Path) -> Iterator[Path]:
    at.mkdir()
    subprocess.run(["mount", "-o", "loop", str(image), str(at)], check=True, capture_output=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True, capture_output=True)
