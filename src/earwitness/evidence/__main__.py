"""``python -m evidence FILE...``: the verifier, alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .notes import NoteError, VerifierKey
from .verify import verify

ABOUT = "What receipts and cases prove, without the server that made them and without a network."
LONGEST = 64 * 1024 * 1024
"""Bytes of a file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where something is proven and nothing broken, 1 where not, 2 for what cannot be read."""
    parser = argparse.ArgumentParser(prog="evidence", description=ABOUT)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--key", action="append", default=[], help="a key of the log, as published")
    parser.add_argument("--witness", action="append", default=[], help="a key of a witness")
    given = parser.parse_args(arguments)
    try:
        keys = [VerifierKey.parse(each) for each in given.key]
        witnesses = [VerifierKey.parse(each) for each in given.witness]
        files = {name: read(name) for name in given.files}
    except (NoteError, OSError, UnicodeDecodeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    findings = verify(files, keys, witnesses)
    print(findings, end="")
    return 0 if findings.holds else 1


def read(name: str) -> str:
    """The text of a file. Raises OSError, ValueError."""
    path = Path(name)
    if path.stat().st_size > LONGEST:
        raise ValueError(f"{name} is larger than anything that can be verified.")
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
