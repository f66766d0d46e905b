"""The keys of virtual devices: a folder of them, as ``earwitness listen`` keeps its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earwitness.device.enrolment import enrol
from earwitness.device.keys import Identity, KeyFile
from earwitness.errors import InputError


def enrolled(folder: Path) -> Sequence[Identity]:
    """Every device that has a key file there. Raises InputError where there is none."""
    found = [KeyFile(path).enrolled() for path in sorted(folder.glob("*.json"))]
    if not found:
        raise InputError(f"{folder}: has no key files of devices; enrol some with --codes.")
    return found


def enrol_all(server: str, codes: Path, folder: Path, authority: Path | None = None) -> None:
    """Uses up a file of one-time codes, one a line; a key file for each goes into ``folder``.

    Raises InputError, AccessRefused as ``device.enrolment.enrol`` does.
    """
    try:
        lines = codes.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{codes}: cannot be read: {error}.") from error
    for code in filter(None, map(str.strip, lines)):
        name = f"{len(list(folder.glob('*.json'))):05}.json"
        enrol(server, code, KeyFile(folder / name), str(authority) if authority else None)
