"""Each write, fsync and rename of a report fails in turn, or is the last that the process does.

Injected by strace, so that nothing of ours knows: a process that has imported everything waits,
strace takes hold of it, and then it opens a new store and reports. Whatever was acknowledged is
there and provable; whatever was not is either whole or not there; and sent again it is
acknowledged.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import warm
from tests.flow.incident_house import incidents
from tests.flow.test_reporting import SAID
from tests.torture.together import together
from tests.torture.whole import assert_whole
from tests.values import START

from earwitness.flow.incidents import codes, logbook, reporting

CALLS = ("fsync", "fdatasync", "pwrite64", "write", "rename", "link", "unlink", "ftruncate")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
MEMORY = Path("/dev/shm")
Point = tuple[str, int, str]
"""Which call, the how manieth of it, and what becomes of it."""


def possible() -> bool:
    """Whether this machine lets one process trace another; True where nothing is installed."""
    command = ["strace", "-o", "/dev/null", "true"]
    return shutil.which("strace") is None or not subprocess.run(command, check=False).returncode


def points() -> list[Point]:
    """Every call of a report that goes well, with everything that can become of it."""
    with _folder() as name:
        log = Path(name) / "calls"
        _reported(Path(name), codes.new_code(), "-o", str(log), "-e", f"trace={','.join(CALLS)}")
        lines = log.read_text(encoding="utf-8").splitlines()
    many = Counter(line.partition("(")[0].split()[-1] for line in lines if "(" in line)
    return [
        (call, number + 1, fault)
        for call in CALLS
        for number in range(many[call])
        for fault in FAULTS
    ]


def run(most: int, seed: int, times: int = 1) -> Counter[str]:
    """What came of it. Raises AssertionError, which names the call."""
    every = points()
    chosen = random.Random(seed).sample(every, min(most, len(every))) * times
    return together(_one, chosen) + Counter(points=len(every))


def _one(point: Point) -> Counter[str]:
    call, at, fault = point
    with _folder() as name:
        try:
            return Counter([_checked(Path(name), call, at, fault)])
        except AssertionError as error:
            raise AssertionError(f"{fault} at {call} {at}: {error}") from error


def _checked(folder: Path, call: str, at: int, fault: str) -> str:
    code = codes.new_code()
    inject = f"inject={call}:{fault}:when={at}"
    said = _reported(folder, code, "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
    on = incidents(folder)
    assert_whole(on)
    if said.startswith("acknowledged"):
        case = reporting.opened(code, on).id
        logbook.receipt(case, on.book).check([on.book.key.public])
    again = reporting.report(SAID, code, START, on)  # sent again it is one report, acknowledged
    assert again.check([on.book.key.public]).head.size >= 3
    assert len(on.records.cases()) == 1
    on.records.close()  # type: ignore[attr-defined]
    return said.split()[0] if said else "died"


def _reported(folder: Path, code: str, *options: str) -> str:
    """What a traced process says of its report."""
    arguments = ("tests.torture.one_report", str(folder), code)
    with warm.Started(*arguments, stdin=warm.PIPE, stdout=warm.PIPE, stderr=warm.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        command = ["strace", "-f", "-qq", "-p", str(child.pid), *options]
        with subprocess.Popen(command) as tracer:
            try:
                _until_traced(child.pid, tracer)
                child.stdin.write("\n")
                child.stdin.flush()
                return child.communicate()
            finally:
                child.kill()


def _until_traced(process: int | None, tracer: subprocess.Popen[bytes]) -> None:
    status = Path(f"/proc/{process}/status")
    while "TracerPid:\t0\n" in status.read_text(encoding="utf-8"):
        assert tracer.poll() is None, "strace does not trace"
        time.sleep(0.002)


_folder = partial(TemporaryDirectory, dir=MEMORY if MEMORY.is_dir() else None)
