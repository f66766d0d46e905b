"""An authority's stamp on the log's head: OpenSSL gives it, and OpenSSL checks it."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.flow.incident_house import change, incidents, person
from tests.flow.test_reporting import SAID
from tests.programs import installed
from tests.values import START

from earwitness.accounts import Role
from earwitness.errors import NotStamped, SettingsError
from earwitness.evidence.__main__ import main, read_and_verify
from earwitness.evidence.timestamps import Timestamp, TimestampError, certificates
from earwitness.flow.incidents import bundle, codes, logbook, reporting, stamping
from earwitness.flow.incidents.parts import Incidents
from earwitness.outgoing.timestamping import HttpAuthority, authority_at
from earwitness.runners.stamping import Stamping
from earwitness.runners.steady import SteadyClock

CONFIG = """
[tsa]
default_tsa = authority
[authority]
dir = {folder}
serial = $dir/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamps]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
"""


@dataclass
class Authority:
    """`openssl ts` behind HTTP. ``answer``: what it says instead."""

    folder: Path
    url: str = ""
    answer: tuple[int, bytes] | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def roots(self) -> Path:
        return self.folder / "ca.pem"

    def stamp(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        openssl(
            self.folder, "ts", "-reply", "-queryfile", "query", "-signer", "tsa.pem",
            "-inkey", "tsa.key", "-out", "reply",
        )  # fmt: skip
        return (self.folder / "reply").read_bytes()


def openssl(folder: Path, *arguments: str) -> str:
    environment = {"OPENSSL_CONF": str(folder / "openssl.cnf")}
    command = [installed("openssl"), *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


def made(folder: Path) -> Authority:
    """With a certificate that a root vouches for."""
    folder.mkdir()
    (folder / "openssl.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3000",
        "-subj", "/CN=Root", "-extensions", "ca",
    )  # fmt: skip
    openssl(folder, "req", *key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Notary")
    openssl(
        folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-set_serial", "2", "-days", "3000", "-out", "tsa.pem", "-extfile", "openssl.cnf",
        "-extensions", "stamps",
    )  # fmt: skip
    return Authority(folder)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    notary = made(tmp_path / "authority")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            notary.asked.append(self.headers["Content-Type"])
            status, answer = notary.answer or (200, notary.stamp(query))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        notary.url = f"http://127.0.0.1:{server.server_port}/tsr"
        yield notary
        server.shutdown()
        thread.join()


@pytest.fixture
def on(tmp_path: Path, authority: Authority) -> Iterator[Incidents]:
    house = incidents(tmp_path)
    roots = certificates(authority.roots.read_bytes())
    asked = HttpAuthority(authority.url, roots)
    person(house, "Ria", Role.RESPONDER)
    yield replace(house, book=replace(house.book, authority=asked))
    house.records.close()  # type: ignore[attr-defined]


def taken(on: Incidents, case: str, to: Path) -> Path:
    """Where its bundle was unpacked."""
    (ria,) = on.records.accounts()
    content = bundle.export(case, "for the police", ria, START, on)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(to)
    return to / f"case-{case}" / "data"


def report(on: Incidents) -> str:
    return reporting.report(SAID, codes.new_code(), START, on).case


def test_what_is_taken_out_has_the_earliest_stamps_and_openssl_checks_them(
    on: Incidents, authority: Authority, tmp_path: Path
) -> None:
    case = report(on)
    assert stamping.stamp(START, on.book)
    assert not stamping.stamp(START, on.book)  # there is nothing new
    first = on.records.log_size()
    report(on)
    data = taken(on, case, tmp_path / "out")
    last = on.records.log_size()
    stamps = sorted((data / "timestamps").glob("*.tsr"), key=lambda each: int(each.stem))
    assert [int(each.stem) for each in stamps] == [first, last]
    for each in stamps:
        said = openssl(
            authority.folder, "ts", "-verify", "-in", str(each),
            "-data", str(each.with_suffix(".checkpoint")), "-CAfile", "ca.pem",
        )  # fmt: skip
        assert "Verification: OK" in said
    files = [str(data / "receipt.json"), str(data / "case.json"), *map(str, stamps)]
    found = read_and_verify(files, [], [], str(authority.roots))
    assert found.holds, str(found)
    said = [each for each in found.proven if "says CN=Notary" in each]
    assert len(said) == 2
    assert f"{first} records of the case {case} stood in the log by 20" in said[0]
    assert f"{first + 1} records of the case {case}" in said[1]
    assert not any(each.startswith("When") for each in found.open)
    assert set(authority.asked) == {"application/timestamp-query"}


def test_whom_nobody_trusts_proves_nothing(
    on: Incidents, authority: Authority, tmp_path: Path
) -> None:
    case = report(on)
    stamping.stamp(START, on.book)
    data = taken(on, case, tmp_path / "out")
    (first, *_) = sorted((data / "timestamps").glob("*.tsr"))
    files = [str(data / "receipt.json"), str(first)]
    unsure = read_and_verify(files, [], [], None)
    assert any("Give the certificate" in each for each in unsure.open)
    assert any(each.startswith("When: no witness") for each in unsure.open)
    other = made(tmp_path / "another")
    assert main([*files, "--authority", str(other.roots)]) == 1
    assert main([*files, "--authority", str(authority.roots)]) == 0
    assert main([*files, "--authority", str(first)]) == 2


@pytest.mark.parametrize("at", [8, 60, 120, -1])
def test_a_token_that_was_changed_is_broken(
    on: Incidents, authority: Authority, tmp_path: Path, at: int
) -> None:
    case = report(on)
    stamping.stamp(START, on.book)
    data = taken(on, case, tmp_path / "out")
    (token, *_) = sorted((data / "timestamps").glob("*.tsr"))
    content = bytearray(token.read_bytes())
    content[at] ^= 1
    token.write_bytes(content)
    files = [str(data / "receipt.json"), str(token)]
    assert read_and_verify(files, [], [], str(authority.roots)).broken


def test_a_finer_name_is_not_put_beside_the_one_that_signed(
    on: Incidents, authority: Authority, tmp_path: Path
) -> None:
    """A token's certificates are not signed: this one has the issuer and number of the real one."""
    folder = authority.folder
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        folder, "req", "-x509", *key, "-keyout", "no.key", "-out", "no.pem", "-subj", "/CN=Root",
        "-extensions", "ca",
    )  # fmt: skip
    openssl(folder, "req", *key, "-keyout", "x", "-out", "x.csr", "-subj", "/CN=Supreme Court")
    openssl(
        folder, "x509", "-req", "-in", "x.csr", "-CA", "no.pem", "-CAkey", "no.key",
        "-set_serial", "2", "-out", "finer.pem", "-extfile", "openssl.cnf", "-extensions", "stamps",
    )  # fmt: skip
    case = report(on)
    stamping.stamp(START, on.book)
    data = taken(on, case, tmp_path / "out")
    (checkpoint, *_) = sorted((data / "timestamps").glob("*.checkpoint"))
    openssl(folder, "ts", "-query", "-data", str(checkpoint), "-sha256", "-cert", "-out", "query")
    openssl(
        folder, "ts", "-reply", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key",
        "-chain", "finer.pem", "-out", "reply",
    )  # fmt: skip
    with pytest.raises(TimestampError, match="no timestamp"):
        Timestamp.parse((folder / "reply").read_bytes())


def test_a_stamp_of_before_the_case_says_nothing_of_when(
    on: Incidents, authority: Authority, tmp_path: Path
) -> None:
    report(on)
    stamping.stamp(START, on.book)
    early = on.records.log_size()
    case = report(on)
    given = tmp_path / "receipt.json"
    given.write_text(str(logbook.receipt(case, on.book, [early])), "utf-8")
    (stamp,) = stamping.earliest([0], on.book)
    (tmp_path / "early.tsr").write_bytes(stamp.token)
    files = [str(given), str(tmp_path / "early.tsr")]
    found = read_and_verify(files, [], [], str(authority.roots))
    assert any("0 records of the case" in each for each in found.open)
    assert any(each.startswith("When: no witness") for each in found.open)


def test_where_nothing_reads_timestamps_that_is_not_their_fault(
    on: Incidents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ria,) = on.records.accounts()
    path = tmp_path / "it.zip"
    path.write_bytes(bundle.export(report(on), "for the police", ria, START, on))
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    found = read_and_verify([str(path)], [], [], None)
    assert found.holds, str(found)
    assert any("Install rfc3161-client" in each for each in found.open)


def test_a_stamp_has_the_name_of_the_head_that_it_is_of(
    on: Incidents, authority: Authority, tmp_path: Path
) -> None:
    case = report(on)
    (ria,) = on.records.accounts()
    content = bundle.export(case, "for the police", ria, START, on)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    payload = {name[5:]: each for name, each in files.items() if name.startswith("data/")}
    size = next(name for name in payload if name.endswith(".tsr"))[11:-4]
    moved = {name.replace(f"/{size}.", "/999."): each for name, each in payload.items()}
    for each, good in ((payload, True), (moved, False)):
        (tmp_path / "it.zip").write_bytes(bundle.bag("case", each, {}))
        found = read_and_verify([str(tmp_path / "it.zip")], [], [], str(authority.roots))
        assert found.holds == good, str(found)


def test_a_stamp_of_another_log_is_not_one_of_this(
    on: Incidents, authority: Authority, tmp_path: Path
) -> None:
    data = taken(on, report(on), tmp_path / "out")
    token = tmp_path / "other.tsr"
    token.write_bytes(on.book.authority.stamp("something else"))  # type: ignore[union-attr]
    found = read_and_verify([str(data / "receipt.json"), str(token)], [], [], None)
    assert any("of something else" in each for each in found.broken)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((503, b"later"), "answered 503"),
        ((200, b"later"), "no timestamp"),
        ((200, b""), "no timest"),
    ],
)
def test_an_authority_that_does_not_stamp_holds_up_nothing(
    on: Incidents, authority: Authority, tmp_path: Path, answer: tuple[int, bytes], why: str
) -> None:
    authority.answer = answer
    case = report(on)
    with pytest.raises(NotStamped, match=why):
        stamping.stamp(START, on.book)
    data = taken(on, case, tmp_path / "out")
    assert why in (data / "timestamps" / "missing.txt").read_text()


def test_an_answer_to_another_question_is_refused(on: Incidents, authority: Authority) -> None:
    report(on)
    stamping.stamp(START, on.book)
    authority.answer = (200, (authority.folder / "reply").read_bytes())
    report(on)
    with pytest.raises(NotStamped, match=r"[Nn]once"):
        stamping.stamp(START, on.book)


def test_the_job_stamps_what_is_new_and_passes_over_what_was_damaged(on: Incidents) -> None:
    job = Stamping(on.book, SteadyClock(on.records, lambda: START))
    assert not job.due()  # an empty log
    report(on)
    (work,) = job.due()
    assert not job.due()  # it was begun
    job.carry_out(work.what)
    assert stamping.is_stamped(on.book)
    change(on, "UPDATE log_timestamp SET token = x'00'")
    change(on, "INSERT INTO log_timestamp VALUES (1000000, x'3000', 0)")
    assert not stamping.is_stamped(on.book)
    assert stamping.stamp(START, on.book)


def test_settings_that_cannot_be_right_are_refused(tmp_path: Path) -> None:
    assert authority_at("", None) is None
    with pytest.raises(SettingsError, match="TIMESTAMP_ROOTS"):
        authority_at("http://tsa.example", None)
    (tmp_path / "bad.pem").write_text("none")
    with pytest.raises(SettingsError, match="no certificate"):
        authority_at("http://tsa.example", tmp_path / "bad.pem")
    with pytest.raises(SettingsError, match="No such file"):
        authority_at("http://tsa.example", tmp_path / "gone.pem")
