"""Each write, fsync and rename of a report fails in turn, or is the last that the process does.

Injected by strace, so that nothing of ours knows. Whatever was acknowledged is there and
provable; whatever was not is either whole or not there; and sent again it is acknowledged.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.flow.incident_house import incidents
from tests.flow.test_reporting import SAID
from tests.torture.whole import assert_whole
from tests.values import START

from earwitness.flow.incidents import codes, logbook, reporting

ROOT = Path(__file__).parents[2]
CALLS = ("fsync", "fdatasync", "pwrite64", "write", "rename", "link", "unlink", "ftruncate")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")


def possible() -> bool:
    """Whether this machine lets one process trace another; True where nothing is installed."""
    command = ["strace", "-o", "/dev/null", "true"]
    return shutil.which("strace") is None or not subprocess.run(command, check=False).returncode


def points(folder: Path) -> list[tuple[str, int]]:
    """Every call of a report that goes well: which, and the how manieth."""
    log = folder / "calls"
    _reported(
        folder / "counted", codes.new_code(), ["-o", str(log), "-e", f"trace={','.join(CALLS)}"]
    )
    many = Counter(
        line.partition("(")[0].split()[-1]
        for line in log.read_text(encoding="utf-8").splitlines()
        if "(" in line
    )
    return [(call, number + 1) for call in CALLS for number in range(many[call])]


def run(most: int, seed: int) -> Counter[str]:
    """What came of it. Raises AssertionError, which names the call."""
    found: Counter[str] = Counter()
    with TemporaryDirectory() as name:
        every = [(call, at, fault) for call, at in points(Path(name)) for fault in FAULTS]
        found["points"] = len(every)
        for call, at, fault in random.Random(seed).sample(every, min(most, len(every))):
            folder = Path(name) / "one"
            shutil.rmtree(folder, ignore_errors=True)
            try:
                found[_one(folder, call, at, fault)] += 1
            except AssertionError as error:
                raise AssertionError(f"{fault} at {call} {at}: {error}") from error
    return found


def _one(folder: Path, call: str, at: int, fault: str) -> str:
    code = codes.new_code()
    inject = f"inject={call}:{fault}:when={at}"
    said = _reported(folder, code, ["-o", "/dev/null", "-e", f"trace={call}", "-e", inject])
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


def _reported(folder: Path, code: str, options: list[str]) -> str:
    folder.mkdir(exist_ok=True)
    command = ["strace", "-f", "-qq", *options, sys.executable, "-m", "tests.torture.one_report"]
    done = subprocess.run(
        [*command, str(folder), code],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout
