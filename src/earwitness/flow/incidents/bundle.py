"""Everything of a case for an investigator, as a bag (RFC 8493) that says when it is incomplete.

Written here and not by the Library of Congress's package, which changes the working directory of
the whole process; that package validates our bags in the tests.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from earwitness.accounts import Account
from earwitness.errors import NotFound, NotStamped, StoreError
from earwitness.flow.incidents import acting, cases, logbook, stamping
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.evidence import ending
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import Kept, Kind, text_of

README = """\
The case {case}, as {by} took it out of Earwitness on {at}, because: {why}

  case.json        each record, with what makes it provable
  receipt.json     that the log holds each of them, with its signed head
  policy.toml      who had to act, as it was when the case began
  evidence/        the sealed originals, by the SHA-256 of their content
  findings/        what was found in them, and the replay files by which it is done again
  timestamps/      by when an authority saw the log, where one is asked: its tokens (RFC 3161)
                   and what they are of, for `openssl ts -verify -data N.checkpoint -in N.tsr`

`earwitness verify` of this ZIP file says what is proven, what not, and what was changed, without
a network; nothing proves this README.txt.
"""


def export(case: str, why: str, by: Account, now: datetime, on: Incidents) -> bytes:
    """A ZIP file, once it is on record who took it and why.

    Raises NotFound for whoever may not see the case, InputError without a reason, LogBroken.
    """
    return packed(acting.took(case, why, by, now, on), why, by.name, now, on)


def packed(found: Look, why: str, by: str, now: datetime, on: Incidents) -> bytes:
    """A ZIP file of a case, of which is on record that ``by`` takes it. Raises LogBroken."""
    case = found.row.id
    text = README.format(case=case, by=by, at=now.isoformat(), why=why.strip())
    files = {"README.txt": text.encode()}
    try:
        stamping.stamp(now, on.book)
    except NotStamped as error:
        files["timestamps/missing.txt"] = f"The newest records have none: {error}\n".encode()
    files |= dict(_files(case, on))
    info = {
        "Bagging-Date": now.date().isoformat(),
        "External-Identifier": case,
        "Bag-Software-Agent": "Earwitness",
        "Contact-Name": by,
    }
    return bag(f"case-{case}", files, info)


def bag(name: str, files: Mapping[str, bytes], info: Mapping[str, str]) -> bytes:
    """Files as a bag in a ZIP, with SHA-256 and SHA-512 of each."""
    payload = {f"data/{path}": content for path, content in sorted(files.items())}
    size = sum(map(len, payload.values()))
    lines = {**info, "Payload-Oxum": f"{size}.{len(payload)}"}
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": "".join(f"{key}: {_line(lines[key])}\n" for key in lines).encode(),
    }
    for algorithm in ("sha256", "sha512"):
        tags[f"manifest-{algorithm}.txt"] = _manifest(algorithm, payload)
    for algorithm in ("sha256", "sha512"):
        about = {path: tags[path] for path in tags if not path.startswith("tagmanifest")}
        tags[f"tagmanifest-{algorithm}.txt"] = _manifest(algorithm, about)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in {**tags, **payload}.items():
            archive.writestr(f"{name}/{path}", content)
    return made.getvalue()


def _files(case: str, on: Incidents) -> Iterator[tuple[str, bytes]]:
    stamps = stamping.earliest((each.index for each in on.records.records(case)), on.book)
    receipt = logbook.receipt(case, on.book, [each.size for each in stamps])
    yield "receipt.json", str(receipt).encode()
    # What is added meanwhile is behind the receipt's head, and in no part of the bundle.
    shown, size = cases.shown(case, on), receipt.head.size
    seen = replace(shown, records=tuple(each for each in shown.records if each.index < size))
    yield "case.json", str(seen).encode()
    for each in stamps:
        yield f"timestamps/{each.size}.tsr", each.token
        yield f"timestamps/{each.size}.checkpoint", each.text.encode()
    for kept in on.records.records(case):
        if kept.index >= size:
            continue
        if kept.kind == Kind.ROUTED:
            yield "policy.toml", str(kept.fields.get("policy", "")).encode()
        key = kept.fields.get("sha256")
        if kept.kind == Kind.SEALED and re.fullmatch("[0-9a-f]{64}", str(key)):
            kind = ending(kept.fields.get("format"), kept.fields.get("name"))
            try:
                yield f"evidence/{key}.{kind}", on.sealed.get(str(key))
            except (NotFound, StoreError) as error:
                yield f"evidence/{key}.missing.txt", f"{error}\n".encode()
        if kept.kind == Kind.FOUND:
            yield from _found(kept, on)


def _found(kept: Kept, on: Incidents) -> Iterator[tuple[str, bytes]]:
    """The files of a version of a finding."""
    for name, ending_ in (("content", "finding.json"), ("replay", "replay.json")):
        key = text_of(kept, name)
        if not re.fullmatch("[0-9a-f]{64}", key):
            continue
        try:
            yield f"findings/{key}.{ending_}", on.sealed.get(key)
        except (NotFound, StoreError) as error:
            yield f"findings/{key}.missing.txt", f"{error}\n".encode()


def _manifest(algorithm: str, files: Mapping[str, bytes]) -> bytes:
    lines = (f"{hashlib.new(algorithm, files[path]).hexdigest()}  {path}\n" for path in files)
    return "".join(lines).encode()


def _line(text: str) -> str:
    return " ".join(text.split())
