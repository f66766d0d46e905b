"""Reporters at once, and servers that are killed: what was acknowledged is there, and provable."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

from tests.flow.incident_house import incidents
from tests.flow.test_reporting import SAID
from tests.torture.whole import assert_whole
from tests.values import START

from earwitness.flow.incidents import logbook, reporting

ROOT = Path(__file__).parents[2]
WORKERS = 2
LIVES = 10
"""Kills that one store has to survive before the next begins.

After each, every record and leaf is checked, and the receipts of what was acknowledged since the
last; all of them at the end.
"""
CHILD = "tests.torture.reporting_child"


def run(folder: Path, kills: int, seed: int = 500) -> int:
    """How many reports were acknowledged; each of them is there. Raises AssertionError."""
    draw, before = random.Random(seed), 0
    acknowledged: dict[str, str] = {}
    for number in range(kills):
        at = folder / f"{number // LIVES}"
        if number % LIVES == 0:
            before += len(acknowledged)
            acknowledged = {}
            at.mkdir()
        lines = _reported_until_killed(at, number, draw.uniform(0.05, 0.6))
        new = {code: case for what, code, *case_ in lines if case_ for case in case_}
        acknowledged |= new
        on = incidents(at)
        assert_whole(on)
        is_last = number % LIVES == LIVES - 1 or number == kills - 1
        for code, case in (acknowledged if is_last else new).items():
            assert reporting.opened(code, on).id == case
            logbook.receipt(case, on.book).check([on.book.key.public])
        for what, code, *_ in lines:  # sent again, it is one report, acknowledged now
            if what == "sent":
                given = reporting.report(SAID, code, START, on)
                acknowledged[code] = given.case
        on.records.close()  # type: ignore[attr-defined]
    return before + len(acknowledged)


def _reported_until_killed(folder: Path, number: int, seconds: float) -> list[list[str]]:
    """What some processes said that report into one store, until all are killed at once."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", CHILD, str(folder), f"{number}{worker}"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )
        for worker in range(WORKERS)
    ]  # fmt: skip
    said: list[list[str]] = []

    def read(process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        said.extend(line.split() for line in process.stdout if line.endswith("\n"))

    readers = [threading.Thread(target=read, args=(each,)) for each in started]
    for each in readers:
        each.start()
    while not any(line[0] == "acknowledged" for line in said):
        assert all(each.poll() is None for each in started)
    threading.Event().wait(seconds)
    for process in started:
        process.kill()
    for each in readers:
        each.join()
    for process in started:
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    return said
