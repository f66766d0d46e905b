"""Witnesses: real ones, over HTTP; what they refuse, and what is not acknowledged without them."""

from __future__ import annotations

import re
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests import warm
from tests.flow.incident_house import change, incidents
from tests.values import START

from earwitness.checkup import CHECKS
from earwitness.config import Settings
from earwitness.errors import LogBroken, NotWitnessed, SettingsError
from earwitness.evidence.notes import Note, SigningKey
from earwitness.evidence.verify import verify
from earwitness.evidence.witnessing import Submission
from earwitness.flow.incidents import cases, codes, house, reporting
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.incidents.reporting import Statement
from earwitness.incidents.records import HOUSE
from earwitness.listening import Harm, Imminence
from earwitness.wiring import Earwitness
from earwitness.witness.client import HttpWitness, witness_at
from earwitness.witness.key_file import log_key

SAID = Statement("ada", Harm.THREAT, Imminence.NOW, "a threat")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(folder: Path, *logs: str, port: int = 0) -> Iterator[HttpWitness]:
    """``earwitness witness`` as a process of its own."""
    port = port or free_port()
    options = [f"--folder={folder}", *(f"--log={each}" for each in logs), f"--port={port}"]
    with warm.Started("earwitness", "witness", *options, stdout=warm.PIPE) as process:
        assert process.stdout is not None
        key = process.stdout.readline().removeprefix("key: ").strip()
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                httpx.get(address, timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None
        try:
            yield witness_at(f"{address} {key}")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def report(on: Incidents) -> reporting.Receipt:
    return reporting.report(SAID, codes.new_code(), START, on)


def test_a_receipt_has_the_signatures_of_its_witnesses(tmp_path: Path) -> None:
    log = str(log_key(tmp_path / "log.key").public)
    with running(tmp_path / "w1", log) as one, running(tmp_path / "w2", log) as two:
        on = incidents(tmp_path, witnesses=[one, two], quorum=2)
        first, second = report(on), report(on)
        checked = second.check([], [one.key, two.key])
        assert {each.key for each in checked.witnesses} == {one.key, two.key}
        findings = verify({"1": str(first), "2": str(second)}, [first.key], [one.key, two.key])
        assert findings.holds
        assert str(findings).count("says the witness") == 4
        assert "No witness" not in str(findings)


def test_without_a_quorum_nothing_is_acknowledged_and_nothing_lost(tmp_path: Path) -> None:
    log = str(log_key(tmp_path / "log.key").public)
    port, code = free_port(), codes.new_code()
    with running(tmp_path / "w1", log) as one, running(tmp_path / "w2", log, port=port) as two:
        pass
    with running(tmp_path / "w1", log) as one:
        on = incidents(tmp_path, witnesses=[one, two], quorum=2)
        with pytest.raises(NotWitnessed, match=f"1 of 2 .* {re.escape(two.key.name)} gives no"):
            reporting.report(SAID, code, START, on)
        assert on.records.log_size() == 3
        with running(tmp_path / "w2", log, port=port):
            again = reporting.report(SAID, code, START, on)
        assert on.records.log_size() == 3
        assert [each.key for each in again.check([], [two.key]).witnesses] == [two.key]


def acknowledged(on: Incidents, number: int) -> bool:
    """Of the reports here, in the order in which they came in."""
    rows = sorted(on.records.cases(), key=lambda row: on.records.records(row.id)[0].index)
    return reporting.is_acknowledged(cases.look(rows[number].id, on), on.book)


def test_a_report_that_no_quorum_signed_is_unacknowledged_however_large_the_log_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, port = str(log_key(tmp_path / "log.key").public), free_port()
    monkeypatch.setattr(reporting, "MOST_HEADS", 6)
    with running(tmp_path / "w", log, port=port) as witness:
        on = incidents(tmp_path, witnesses=[witness], quorum=1)
        report(on)
    for _ in range(6):  # three leaves each
        with pytest.raises(NotWitnessed):
            report(on)
    assert acknowledged(on, 0)
    assert not acknowledged(on, 1)
    signed, later = on.records.checkpoint(3), on.book.size() - 3
    change(on, f"UPDATE log_checkpoint SET note = '{signed}' WHERE size = {later}")
    assert not acknowledged(on, 1), "a head of before it, in the place of a later one"
    with running(tmp_path / "w", log, port=port):
        report(on)
    assert acknowledged(on, 1), "by the newest head, whose log has all of it"


def test_a_rolled_back_or_forked_log_is_refused_by_its_witness(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    log = str(log_key(folder / "log.key").public)
    with running(tmp_path / "w", log) as witness:
        on = incidents(folder, witnesses=[witness], quorum=1)
        report(on)
        on.records.close()  # type: ignore[attr-defined]
        shutil.copytree(folder, tmp_path / "older")
        on = incidents(folder, witnesses=[witness], quorum=1)
        report(on)
        report(on)
        on = incidents(tmp_path / "older", witnesses=[witness], quorum=1)
        with pytest.raises(LogBroken, match="was larger"):
            report(on)
        for _ in range(2):  # as large as the one that it signed, then larger
            with pytest.raises(LogBroken, match="signed another log"):
                report(on)


def test_one_witness_alone_stops_no_report_and_is_told_of(tmp_path: Path) -> None:
    log = str(log_key(tmp_path / "log.key").public)
    with (
        running(tmp_path / "w1", log) as one,
        running(tmp_path / "w2", log) as two,
        running(tmp_path / "w3", log) as three,
    ):
        report(incidents(tmp_path, witnesses=[three], quorum=1))
        older = tmp_path / "older"
        shutil.copytree(tmp_path, older, ignore=shutil.ignore_patterns("w*"))
        report(incidents(tmp_path, witnesses=[three], quorum=1))
        on = incidents(older, witnesses=[three, one, two], quorum=2)
        given = report(on)
        assert len(given.check([], [one.key, two.key]).witnesses) == 2
        on = incidents(older, witnesses=[three, one, two], quorum=3)
        with pytest.raises(LogBroken, match=three.key.name):
            report(on)
        assert house.alarm(START, on)
        assert not house.alarm(START, on), "once"
        said = on.records.records(HOUSE)[-1].fields["why"]
        assert three.key.name in str(said)


def test_the_witness_says_why_it_does_not_sign(tmp_path: Path) -> None:
    """The statuses of C2SP tlog-witness."""
    key = log_key(tmp_path / "log.key")
    other = SigningKey.from_seed(key.name, b"o" * 32)
    stranger = SigningKey.from_seed("example.com/other", b"s" * 32)
    with running(tmp_path / "w", str(key.public)) as witness:
        on = incidents(tmp_path)
        for _ in range(3):
            report(on)
        first, third = (Note.parse(on.records.checkpoint(size)) for size in (3, 9))

        def ask(old: int, note: Note, *proof: bytes) -> tuple[int, str]:
            return witness.ask(Submission(old, proof, note))

        assert ask(0, first)[0] == 200
        assert ask(0, first) == (409, "3\n")
        assert ask(3, first)[0] == 200, "the same head again"
        assert ask(3, third)[0] == 422
        assert ask(3, third, bytes(32), bytes(32))[0] == 422
        assert ask(10, third)[0] == 400
        assert ask(1, other.sign(first.text))[0] == 403
        assert ask(0, stranger.sign(first.text.replace(key.name, stranger.name)))[0] == 404
        forged = first.text.replace("\n1\n", "\n1\n", 1)
        lines = forged.split("\n")
        lines[2] = third.text.split("\n")[2]
        assert ask(1, key.sign("\n".join(lines)))[0] == 409, "the same size, another root"
        for body in (
            b"",
            b"old x\n\n",
            b"\xff",
            b"old 01\n\n" + str(first).encode(),
            b"x" * 70_000,
        ):
            url = witness._url
            assert httpx.post(url, content=body).status_code in (400, 413)


def test_an_address_without_a_key_is_no_witness(tmp_path: Path) -> None:
    key = log_key(tmp_path / "key")
    for wrong in (
        "",
        "http://x",
        f"http://x {key.public}",
        f"ftp://x {key.witness}",
        str(key.witness),
    ):
        with pytest.raises(SettingsError):
            witness_at(wrong)
    made = witness_at(f"https://w.example/base/ {key.witness}")
    assert replace(key, name=made.key.name).witness == made.key


def test_the_doctor_asks_the_witnesses(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Earwitness.open(Settings(data=data)) as program:
        log = str(program.incidents.book.key.public)
    port = free_port()
    with running(tmp_path / "w", log, port=port) as witness:
        at = f"http://127.0.0.1:{port} {witness.key}"
        with Earwitness.open(Settings(data=data, witnesses=[at])) as program:
            report(program.incidents)
            assert "1 of 1 witnesses sign" in CHECKS["incidents"](program)[1]
    with (
        Earwitness.open(Settings(data=data, witnesses=[at])) as program,
        pytest.raises(NotWitnessed, match="0 of 1 witnesses sign"),
    ):
        CHECKS["incidents"](program)
