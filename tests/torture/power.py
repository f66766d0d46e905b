"""The power goes while reports come in: a file system whose device is frozen at any moment.

What a process wrote and did not sync is in the memory of the kernel, and not on the device; so a
copy of the device, taken while the writers are stopped, is what a machine finds that lost its
power. It needs root, for mounting.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.flow.incident_house import incidents
from tests.torture.whole import assert_whole

from earwitness.flow.incidents import logbook, reporting

ROOT = Path(__file__).parents[2]
MIB = 64


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


def run(cuts: int, seed: int) -> int:
    """How many reports were acknowledged before some cut; each is there after it."""
    draw, acknowledged = random.Random(seed), 0
    for number in range(cuts):
        with TemporaryDirectory() as name:
            try:
                acknowledged += _one(Path(name), draw.uniform(0.0, 1.5))
            except AssertionError as error:
                raise AssertionError(f"cut {number}, seed {seed}: {error}") from error
    return acknowledged


def _one(folder: Path, seconds: float) -> int:
    image, found = folder / "device", folder / "found"
    _make(image)
    with _mounted(image, folder / "at") as at:
        codes = _reported_until_cut(at, seconds, lambda: shutil.copyfile(image, found))
    with _mounted(found, folder / "after") as after:
        on = incidents(after)
        assert_whole(on)
        for code in codes:
            case = reporting.opened(code, on).id
            logbook.receipt(case, on.book).check([on.book.key.public])
        on.records.close()  # type: ignore[attr-defined]
    return len(codes)


def _reported_until_cut(at: Path, seconds: float, cut: Callable[[], object]) -> list[str]:
    """The codes that were acknowledged by then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.reporting_child", str(at), "one"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    codes = []
    for line in process.stdout:
        if line.startswith("acknowledged"):
            codes.append(line.split()[1])
            break
    more: list[str] = []
    reader = threading.Thread(target=more.extend, args=(process.stdout,))
    threading.Event().wait(seconds)
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    cut()
    process.kill()
    reader.start()
    process.wait()
    reader.join()
    process.stdout.close()
    whole = [line.split() for line in more if line.endswith("\n")]
    return codes + [line[1] for line in whole if line[0] == "acknowledged"]


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
