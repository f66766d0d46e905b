"""Reporters at once, and servers that are killed: what was acknowledged is there, and provable."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

from tests.flow.incident_house import incidents
from tests.flow.test_reporting import SAID
from tests.values import START

from earwitness.evidence import merkle
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import Note
from earwitness.flow.incidents import cases, logbook, reporting
from earwitness.flow.incidents.parts import Incidents

ROOT = Path(__file__).parents[2]
KILLS, WORKERS = 6, 2


def test_what_was_acknowledged_outlives_every_kill(tmp_path: Path) -> None:
    draw = random.Random(500)
    acknowledged: dict[str, str] = {}
    for number in range(KILLS):
        lines = _reported_until_killed(tmp_path, number, draw.uniform(0.05, 0.6))
        acknowledged |= {code: case for what, code, *case_ in lines if case_ for case in case_}
        on = incidents(tmp_path)
        _assert_whole(on)
        for code, case in acknowledged.items():
            assert reporting.opened(code, on).id == case
            logbook.receipt(case, on.book).check([on.book.key.public])
        for what, code, *_ in lines:  # sent again, it is one report, acknowledged now
            if what == "sent":
                given = reporting.report(SAID, code, START, on)
                acknowledged[code] = given.case
        on.records.close()  # type: ignore[attr-defined]
    assert len(acknowledged) > KILLS


def _reported_until_killed(folder: Path, number: int, seconds: float) -> list[list[str]]:
    """What some processes said that report into one store, until all are killed at once."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.flow.reporting_child", str(folder), f"{number}{worker}"],
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


def _assert_whole(on: Incidents) -> None:
    """Every record opens its leaf, every leaf is a record's, and the head is theirs."""
    logbook.check(on.book)
    opened = on.records.cases()
    seen = [each for found in cases.looks(opened, on) for each in found.records]
    assert [each for each in seen if each.wrong] == []
    size = on.records.log_size()
    assert sorted(each.kept.index for each in seen) == list(range(size))
    hashes = [merkle.leaf_hash(on.records.log_leaf(index)) for index in range(size)]
    head = Checkpoint.parse(Note.parse(on.records.checkpoint()).text)
    assert (head.size, head.root) == (size, merkle.part_hash(hashes, 0, size))
    for each in seen:
        key = each.fields.get("sha256")
        assert key is None or on.sealed.get(str(key))
