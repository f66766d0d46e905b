"""Lists of recordings: TSV with a header.

Columns ``path`` and ``text``; optionally ``kind`` (speech, sound, noise), ``speaker``,
``seconds``, ``extra`` (a JSON list of the terms in that row, or one term); others are
ignored. Paths are relative to the manifest. A field may be quoted as spreadsheets do, or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.audio.reader import shown
from earwitness.errors import AudioError, ManifestError
from earwitness.model import Samples
from earwitness.ports import AudioReader

REQUIRED = ("path", "text")


@dataclass(frozen=True, slots=True)
class Row:
    """One recording. ``extra`` are the terms that belong to it; ``line`` counts from 1."""

    path: Path
    text: str
    speaker: str = ""
    extra: tuple[str, ...] = ()
    line: int = 0
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rows whose recording is there. ``left_out`` says of each other one why not."""

    path: Path
    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = ()


def read(path: Path) -> Manifest:
    """Raises ManifestError, which names file and line, for anything but a usable manifest.

    A row whose recording is missing is left out and named; if that is every row, the
    manifest is refused.
    """
    there, missing = [], []
    for row in _rows(path):
        if row.path.is_file():
            there.append(row)
        else:
            missing.append(
                f"{shown(path)}, line {row.line}: there is no recording {shown(row.path)}"
            )
    if not there:
        reason = missing[0] if missing else f"{shown(path)}: has no rows."
        raise ManifestError(f"{reason}{' Nor any other.' if len(missing) > 1 else ''}")
    return Manifest(path, tuple(there), tuple(missing))


def given(manifest: Path | Manifest) -> Manifest:
    """A manifest that is read already, or the one to be read."""
    return manifest if isinstance(manifest, Manifest) else read(manifest)


def combined(name: str, manifests: Sequence[Manifest]) -> Manifest:
    """The rows of several manifests, in their order, under a name of their own."""
    return Manifest(
        Path(name),
        tuple(row for each in manifests for row in each.rows),
        tuple(reason for each in manifests for reason in each.left_out),
    )


def recordings(
    manifest: Manifest, reader: AudioReader, failed: list[str]
) -> Iterator[tuple[Row, Samples]]:
    """Each row with its audio, one at a time; what cannot be decoded is told in ``failed``."""
    for row in manifest.rows:
        try:
            yield row, reader.read(row.path)
        except AudioError as error:
            failed.append(f"line {row.line}: {error}")


def terms_of(path: Path) -> tuple[str, ...]:
    """The terms of a text file, one a line; empty lines and repetitions do not count.

    Raises ManifestError, which names the file.
    """
    lines = _text(path).splitlines()
    found = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not found:
        raise ManifestError(f"{shown(path)}: has no terms; write one a line.")
    return found


def _rows(path: Path) -> Iterator[Row]:
    lines = _text(path).splitlines()
    header = _fields(lines[0]) if lines else []
    for name in REQUIRED:
        if name not in header:
            raise ManifestError(
                f"{shown(path)}, line 1: no column {name!r}; a manifest is a TSV file with a"
                " header and at least the columns path and text."
            )
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            yield _row(path, number, header, _fields(line))


def _row(path: Path, number: int, header: list[str], fields: list[str]) -> Row:
    where = f"{shown(path)}, line {number}"
    if len(fields) > len(header):
        raise ManifestError(f"{where}: {len(fields)} fields, but the header has {len(header)}.")
    values = dict(zip(header, fields, strict=False))
    if not values.get("path"):
        raise ManifestError(f"{where}: no path.")
    return Row(
        path=_recording(path, values["path"], where),
        text=values.get("text", ""),
        speaker=values.get("speaker", ""),
        extra=_extra(values, where),
        line=number,
        kind=values.get("kind", ""),
    )


def _recording(manifest: Path, named: str, where: str) -> Path:
    if "\0" in named:
        raise ManifestError(f"{where}: the path has a zero byte.")
    return manifest.parent / named


def _extra(values: Mapping[str, str], where: str) -> tuple[str, ...]:
    written = values.get("extra", "").strip()
    if not written.startswith("["):
        return (written,) if written else ()
    try:
        terms = json.loads(written)
    except ValueError as error:
        raise ManifestError(f"{where}: extra is no JSON list: {error}.") from error
    if not all(isinstance(term, str) for term in terms):
        raise ManifestError(f"{where}: extra holds something that is no text.")
    return tuple(dict.fromkeys(term.strip() for term in terms if term.strip()))


def _fields(line: str) -> list[str]:
    return [_unquoted(field.strip()) for field in line.split("\t")]


def _unquoted(field: str) -> str:
    """A field quoted as in CSV, without the quotes: they are doubled inside."""
    inner = field[1:-1]
    quoted = len(field) >= 2 and field[0] == field[-1] == '"'
    return inner.replace('""', '"') if quoted else field


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ManifestError(f"{shown(path)}, line {line}: not UTF-8.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ManifestError(f"{shown(path)}: cannot be read: {reason}.") from error
