"""``python -m evidence FILE...``: the verifier, alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TextIO

from .bundles import LARGEST
from .findings import Findings, printable
from .notes import NoteError, VerifierKey
from .timestamps import certificates
from .verify import verify

ABOUT = (
    "What receipts, cases and bundles prove, without the server that made them, and without a "
    "network."
)
LONGEST = 64 * 1024 * 1024
"""Bytes of a file that is no bundle."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where something is proven and nothing broken, 1 where not, 2 for what cannot be read."""
    parser = argparse.ArgumentParser(prog="evidence", description=ABOUT)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--key", action="append", default=[], help="a key of the log, as published")
    parser.add_argument("--witness", action="append", default=[], help="a key of a witness")
    parser.add_argument("--authority", help="PEM file of whose timestamps you believe")
    given = parser.parse_args(arguments)
    try:
        findings = read_and_verify(given.files, given.key, given.witness, given.authority)
    except (NoteError, OSError, UnicodeDecodeError, ValueError) as error:
        _say(f"{printable(str(error))}\n", sys.stderr)
        return 2
    _say(str(findings), sys.stdout)
    return 0 if findings.holds else 1


def read_and_verify(
    names: Sequence[str], keys: Sequence[str], witnesses: Sequence[str], authority: str | None
) -> Findings:
    """Files by name, keys as they are published. Raises OSError, ValueError."""
    files = {name: _read(name) for name in names}
    stamps = {name: content for name, content in files.items() if _is_der(content)}
    bundles = {name: BytesIO(content) for name, content in files.items() if _is_zip(content)}
    return verify(
        {n: each.decode() for n, each in files.items() if n not in stamps and n not in bundles},
        list(map(VerifierKey.parse, keys)),
        list(map(VerifierKey.parse, witnesses)),
        stamps,
        certificates(_read(authority)) if authority else (),
        bundles,
    )


def _say(text: str, to: TextIO) -> None:
    """Also where the terminal lacks a letter of it: a word that it cannot show hides no finding."""
    encoding = to.encoding or "utf-8"
    to.write(text.encode(encoding, "replace").decode(encoding))


def _read(name: str) -> bytes:
    with Path(name).open("rb") as file:
        most = LARGEST if _is_zip(file.read(2)) else LONGEST
        file.seek(0)
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{name} is larger than anything that can be verified.")
    return content


def _is_zip(content: bytes) -> bool:
    return content[:2] == b"PK"


def _is_der(content: bytes) -> bool:
    """As timestamps are, and no text begins."""
    return content[:2] in (b"0\x80", b"0\x81", b"0\x82", b"0\x83")


if __name__ == "__main__":
    sys.exit(main())
