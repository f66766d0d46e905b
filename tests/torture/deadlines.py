"""Many deadlines at once, after everything was down: none missed, none doubled, none late."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.flow.incident_house import THREE_RUNGS, incidents, person
from tests.values import START

from earwitness.accounts import Role
from earwitness.flow.incidents import cases, codes, reporting
from earwitness.flow.incidents.reporting import Statement
from earwitness.incidents.records import Kind
from earwitness.listening import Harm, Imminence

ROOT = Path(__file__).parents[2]
WORKERS = 3
SAID = Statement("Ada", Harm.THREAT, Imminence.RECENT, "somebody was threatened")


def run(folder: Path, count: int) -> float:
    """Seconds from the restart until the last was done, with one worker killed in between."""
    _fill(folder, count)
    moment = START + timedelta(days=1)
    began = time.time()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.torture.worker", str(folder), moment.isoformat()],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(WORKERS)
    ]  # fmt: skip
    said: list[str] = []
    for number, process in enumerate(workers):
        assert process.stdout is not None
        if number == 0:
            said.append(process.stdout.readline())
            process.kill()
        said += process.stdout.read().splitlines()
        code = process.wait()
        process.stdout.close()
        assert number == 0 or code == 0
    _check(folder, count)
    return max(float(line.split()[0]) for line in said if line) - began


def _fill(folder: Path, count: int) -> None:
    """Each with a deadline that passed while nothing ran."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as quick:
        on = incidents(Path(quick), THREE_RUNGS)
        for name, role in {"Mallory": Role.LEAD, "Ria": Role.RESPONDER, "Dora": Role.LEAD}.items():
            person(on, name, role)
        for number in range(count):
            at = START + timedelta(seconds=number % 600)
            reporting.report(replace(SAID, heard=f"{number}"), codes.new_code(), at, on)
        on.records.close()  # type: ignore[attr-defined]
        shutil.copytree(quick, folder, dirs_exist_ok=True)


def _check(folder: Path, count: int) -> None:
    on = incidents(folder, THREE_RUNGS)
    told: Counter[tuple[str, ...]] = Counter()
    for found in cases.looks(on.records.cases(), on):
        assert not found.wrong
        told[
            tuple(str(each.fields["name"]) for each in found.records if each.kept.kind == Kind.TOLD)
        ] += 1
    on.records.close()  # type: ignore[attr-defined]
    assert told == {("Manager", "Responder"): count}, told
