"""The disk fills up while reports come in; it needs root, for a small disk of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.flow.incident_house import person
from tests.flow.test_reporting import SAID

from earwitness.accounts import Account, Role
from earwitness.config import Settings
from earwitness.errors import StoreError
from earwitness.flow.incidents import acting, cases, codes, reporting
from earwitness.flow.incidents.evidence import Brought
from earwitness.wiring import Earwitness

MIB = 96


def run() -> int:
    """How many reports were acknowledged on a full disk. Raises AssertionError."""
    with small_disk() as folder:
        return _report_until_refused(folder)


def run_later(what: str) -> int:
    """How often something of ``LATER`` was done on a full disk, until the room that is kept for
    reports was used. Raises AssertionError.
    """
    with small_disk() as folder, Earwitness.open(Settings(data=folder)) as program:
        ria = person(program.incidents, "Ria", Role.RESPONDER, at=program.clock.now())
        code = codes.new_code()
        case = program.report(SAID, code).case
        assert program.reserve.take()
        _fill(folder / "somebody else's")
        done, before = 0, len(program.records.records(case))
        while (folder / "reserve").exists():
            LATER[what](program, code, ria)
            done += 1
            _fill(folder / f"more {done}", 1 << 20)
        found = cases.look(case, program.incidents)
        assert not found.wrong
        assert len(found.records) == before + done * (2 if what == "bring" else 1)
        return done


@contextmanager
def small_disk() -> Iterator[Path]:
    """Of ``MIB``."""
    with TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MIB}m", "tmpfs", name]
        subprocess.run(mount, check=True, capture_output=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True, capture_output=True)


def _add(program: Earwitness, code: str, by: Account) -> None:
    reporting.add(code, "a door", program.clock.now(), program.incidents)


def _bring(program: Earwitness, code: str, by: Account) -> None:
    given = Brought("letter.pdf", os.urandom(1 << 16))
    reporting.bring(code, given, "a letter", program.clock.now(), program.incidents)


def _answer(program: Earwitness, code: str, by: Account) -> None:
    on = program.incidents
    acting.answer(reporting.opened(code, on).id, "thanks", False, by, program.clock.now(), on)


LATER: Mapping[str, Callable[[Earwitness, str, Account], None]] = {
    "add": _add, "bring": _bring, "answer": _answer,
}  # fmt: skip


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
