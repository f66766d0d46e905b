"""Labelled sets in: what ``judged`` writes, and what other tools make of it.

A JSON list is Label Studio's, JSON lines are a NeMo manifest, everything else is CSV
with a header. ``clips`` reads recordings with their texts, ``labels`` what is said of
clips that are kept here, line by line: a line that cannot be read stops no other.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from earwitness.doors.formats.cells import bare
from earwitness.doors.formats.judged import GOLD, OURS, Judged, Said
from earwitness.errors import InputError
from earwitness.flow.gold import Label, Refused
from earwitness.model import Verdict

_BAD = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)
MAX_FILE = 16 * 1024 * 1024
"""Bytes of a file of labels."""
MOST_LINES = 100_000
_BLANK = "nobody has annotated it"


def clips(text: str, name: str) -> list[Judged]:
    """Clips in which somebody wrote words; others are passed over.

    Raises InputError, which names ``name`` and the line.
    """
    found = []
    for where, each in _read(text, name):
        if isinstance(each, Judged):
            found += [each] if each.texts else []
        elif each.why != _BLANK:
            raise InputError(f"{where}: {each.why}")
    return found


def decoded(content: bytes, name: str) -> str:
    """The text of a file. Raises InputError where it is too large, or no text."""
    if len(content) > MAX_FILE:
        raise InputError(f"{name}: it has more than {MAX_FILE} bytes.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: it is not text in UTF-8: {error.reason}.") from error


def labels(text: str, name: str) -> list[Label | Refused]:
    """What each line says of which clip, or why it cannot be read."""
    if text.lstrip("\ufeff").lstrip()[:1] in ("[", "{"):
        found = (_label(where, each) for where, each in _read(text, name))
        return _at_most(found, name)
    return _at_most(_csv_labels(text, name), name)


def _label(where: str, each: Judged | Refused) -> Label | Refused:
    if isinstance(each, Refused):
        return each
    if not each.utterance:
        return Refused(where, "it does not name an utterance")
    said = each.decided
    return Label(where, each.utterance, said.verdict, " ".join(said.text.split()))


def _at_most(found: Iterable[Label | Refused], name: str) -> list[Label | Refused]:
    read = list(found)
    if len(read) > MOST_LINES:
        raise InputError(f"{name}: {len(read)} lines are too many; at most {MOST_LINES}.")
    if not read:
        raise InputError(f"{name}: nothing is in it.")
    return read


# --- JSON ---------------------------------------------------------------------------


def _read(text: str, name: str) -> Iterator[tuple[str, Judged | Refused]]:
    """Either form, told apart by its first character."""
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("["):
        tasks = _json(text)
        if isinstance(tasks, Refused):
            yield name, Refused(name, tasks.why)
            return
        for number, task in enumerate(tasks, start=1):
            yield f"{name}, task {number}", _task(task, f"{name}, task {number}")
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{name}, line {number}", _nemo(line, f"{name}, line {number}")


def _nemo(line: str, where: str) -> Judged | Refused:
    row = _json(line)
    if isinstance(row, Refused):
        return Refused(where, row.why)
    try:
        decided = Said("", str(row["text"]), Verdict(row.get("verdict", Verdict.TRANSCRIPT)))
        said = tuple(_said(each) for each in row.get("listeners") or ()) or (decided,)
        changed = replace(said[-1], listener="") != decided
        gold = replace(decided, listener=GOLD) if row.get("gold") or changed else None
        return Judged(str(row["audio_filepath"]), _seconds(row), said, gold=gold, **_ours(row))
    except _BAD:
        return Refused(where, "needs audio_filepath and text, and a known verdict if any.")


def _said(fields: Mapping[str, Any]) -> Said:
    return Said(str(fields["listener"]), str(fields["text"]), Verdict(fields["verdict"]))


def _task(task: Any, where: str) -> Judged | Refused:
    try:
        data, audio = task["data"], str(task["data"]["audio"])
        answers = [(bool(each.get("ground_truth")), _answer(each)) for each in task["annotations"]]
        said = tuple(each for vouched, each in answers if each and not vouched)
        gold = [each for vouched, each in answers if each and vouched]
        if not (said or gold):
            return Refused(where, _BLANK)
        return Judged(
            audio, _seconds(data), said or (gold[-1],),
            gold=gold[-1] if gold else None, **_ours(data),
        )  # fmt: skip
    except _BAD:
        return Refused(where, "needs data.audio and annotations with a textarea or a verdict.")


def _answer(annotation: Mapping[str, Any]) -> Said | None:
    """A textarea is a transcript, whatever was chosen beside it or not."""
    texts = [str(each["value"]["text"][0]) for each in _of(annotation, "textarea")]
    chosen = [Verdict(each["value"]["choices"][0]) for each in _of(annotation, "choices")]
    if not (texts or chosen):
        return None
    return Said(
        _annotator(annotation),
        texts[0] if texts else "",
        chosen[0] if chosen else Verdict.TRANSCRIPT,
    )


def _of(annotation: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [each for each in annotation["result"] if each["type"] == kind]


def _annotator(annotation: Mapping[str, Any]) -> str:
    if "listener" in annotation:
        return str(annotation["listener"])
    by = annotation.get("completed_by") or ""
    return str(by.get("email", "")) if isinstance(by, Mapping) else str(by)


def _ours(row: Mapping[str, Any]) -> dict[str, Any]:
    """As far as they are there; a file that another tool made has none."""
    found: dict[str, Any] = {name: str(row[name]) for name in OURS if name in row}
    return found | ({"revision": int(row["revision"])} if "revision" in row else {})


def _seconds(row: Mapping[str, Any]) -> float:
    return float(row.get("duration") or 0)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return Refused("", f"not JSON: {error}.")


# --- CSV ------------------------------------------------------------------------------


def _csv_labels(text: str, name: str) -> Iterator[Label | Refused]:
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    missing = {"utterance", "text"} - set(rows.fieldnames or ())
    if missing:
        raise InputError(f"{name}, line 1: no column {' and '.join(sorted(missing))}.")
    try:
        for row in rows:
            yield _csv_label(row, f"{name}, line {rows.line_num}")
    except csv.Error as error:
        yield Refused(f"{name}, line {rows.line_num + 1}", f"not CSV: {error}.")


def _csv_label(row: Mapping[str | None, Any], where: str) -> Label | Refused:
    if None in row or None in row.values():
        return Refused(where, "it has not as many cells as the first line has names.")
    utterance, said = bare(row["utterance"]), " ".join(bare(row["text"]).split())
    if not utterance:
        return Refused(where, "it does not name an utterance")
    try:
        verdict = Verdict(row.get("verdict") or Verdict.TRANSCRIPT)
    except ValueError:
        return Refused(where, f"{row.get('verdict')!r} is no verdict")
    return Label(where, utterance, verdict, said)
