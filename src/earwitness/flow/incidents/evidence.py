"""Originals: copied, by the hash of their content, to where nothing is erased; then held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from earwitness.errors import NotFound, StoreError
from earwitness.evidence.records import Value
from earwitness.flow.incidents import cases
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import Draft, Kind
from earwitness.model import Utterance

AROUND = timedelta(minutes=5)
"""Of the same device."""
SAME_MINUTE = timedelta(minutes=1)
"""Of other devices of the household, where somebody granted that."""
MOST = 50


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
        key, size = on.sealed.put(content), len(content)
    return cases.draft(
        Kind.SEALED,
        {
            "at": now.isoformat(),
            "part": part,
            "sha256": key,
            "bytes": size,
            "problem": problem,
            "format": "audio/flac",
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
