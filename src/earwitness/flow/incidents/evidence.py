"""Originals: copied, by the hash of their content, to where nothing is erased; then held.

What the reporter brings as a file is sealed as it is, and never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.errors import InputError, NotFound, StoreError
from earwitness.evidence.records import Value
from earwitness.flow.incidents import cases
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import Draft, Kind
from earwitness.model import Utterance

AROUND = timedelta(minutes=5)
"""Of the same device."""
SAME_MINUTE = timedelta(minutes=1)
"""Of other devices of the household, where somebody granted that."""
MOST = 50
LARGEST_FILE = 25 << 20
"""Bytes of one file."""
MOST_OF_A_CASE = 250 << 20
"""Bytes of all files of one case: whoever has its code could fill the disk."""
FLAC, FILE = "audio/flac", "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Brought:
    """A file of the reporter's, under the name that it had."""

    name: str
    content: bytes


def around(utterance_id: str, now: datetime, on: Incidents) -> list[Draft]:
    """The clip, and what is still kept of its device around it. Raises NotFound."""
    clip = on.records.utterance(utterance_id)
    near = on.records.near(clip.source.device, clip.heard_at, AROUND)
    beside = [each for each in near if each.id != clip.id][:MOST]
    return [
        _original("the clip", clip, now, on),
        *(_original("beside it", each, now, on) for each in beside),
    ]


def elsewhere(utterance_id: str, now: datetime, on: Incidents) -> list[Draft]:
    """What other devices of the household heard in the same minute. Raises NotFound."""
    clip = on.records.utterance(utterance_id)
    near = on.records.near_in(clip.source.household, clip.heard_at, SAME_MINUTE)
    others = [each for each in near if each.source.device != clip.source.device][:MOST]
    return [_original("another device", each, now, on) for each in others]


def brought(given: Brought, found: Look, now: datetime, on: Incidents) -> Draft:
    """A file, sealed. Raises InputError where it is empty, or larger than is taken."""
    size = len(given.content)
    if not size:
        raise InputError("Choose a file, and one that is not empty.")
    if size > LARGEST_FILE:
        raise InputError(f"A file has at most {LARGEST_FILE >> 20} MiB.")
    sealed = (each.fields for each in found.records if each.kept.kind == Kind.SEALED)
    sizes = (each["bytes"] for each in sealed if each["format"] == FILE)
    if sum(each for each in sizes if isinstance(each, int)) + size > MOST_OF_A_CASE:
        raise InputError(f"The files of one report have at most {MOST_OF_A_CASE >> 20} MiB.")
    fields: dict[str, Value] = {
        "at": now.isoformat(),
        "part": "a file of the reporter",
        "sha256": on.with_room(lambda: on.sealed.put(given.content)),
        "bytes": size,
        "problem": None,
        "format": FILE,
        "name": _plain(given.name),
    }
    return cases.draft(Kind.SEALED, fields)


def ending(format_: Value, name: Value) -> str:
    """What the name of a copy ends with.

    >>> ending(FLAC, None), ending(FILE, "From my phone.M4A"), ending(FILE, "../etc/passwd")
    ('flac', 'm4a', 'bin')
    """
    if format_ != FILE:
        return "flac"
    found = re.search(r"\.([A-Za-z0-9]{1,8})$", str(name))
    return found[1].lower() if found else "bin"


def _plain(name: str) -> str:
    """Of a file, without where it lay, and without what is not printed."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(each for each in last if each.isprintable()).strip()[:200] or "a file"


def held(originals: Sequence[Draft], now: datetime) -> list[Draft]:
    """That neither retention nor erasure may take what they are copies of."""
    names = [each.fields["utterance"] for each in originals]
    fields: dict[str, Value] = {"at": now.isoformat(), "utterances": [*names]}
    return [cases.draft(Kind.HELD, fields)] if names else []


def _original(part: str, utterance: Utterance, now: datetime, on: Incidents) -> Draft:
    """A clip that is gone or damaged stops nothing; the record says so."""
    transcript, problem, key, size = utterance.transcript, None, None, 0
    try:
        content = on.clips.get(utterance.clip)
    except NotFound:
        problem = "it is not kept any more"
    except StoreError:
        problem = "it is damaged"
    else:
        key, size = on.with_room(lambda: on.sealed.put(content)), len(content)
    return cases.draft(
        Kind.SEALED,
        {
            "at": now.isoformat(),
            "part": part,
            "sha256": key,
            "bytes": size,
            "problem": problem,
            "format": FLAC,
            "utterance": utterance.id,
            "device": utterance.source.device,
            "household": utterance.source.household,
            "heard_at": utterance.heard_at.isoformat(),
            "milliseconds": round(1000 * transcript.seconds),
            "engine": transcript.engine,
            "model": transcript.model,
            "revision": transcript.revision,
        },
    )
