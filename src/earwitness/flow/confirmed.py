"""Settles the clips of a group once enough of them were heard to hold its term."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from earwitness.errors import EarwitnessError
from earwitness.flow.clips import Clips, is_audited
from earwitness.flow.readings import Readings
from earwitness.flow.scope import Scoped
from earwitness.flow.settling import Doubts, settles_confirmed
from earwitness.model import SoundGroup, Term, Transcript, Utterance, Verdict, term_key
from earwitness.ports import Records
from earwitness.review.judgement import says


def because(group: SoundGroup) -> str:
    """Why its clips were closed; the same words for each, so that each names its group."""
    heard = f"sounds like {len(group.answers)} clips confirmed by {group.made_by}"
    return f"{heard}: {group.written!r} (group {group.id})"


def has_heard(utterance_id: str, analyst: str, written: str, records: Records) -> bool:
    """Whether the analyst says, still, that some words are said in a clip."""
    return any(
        judgement.analyst == analyst
        and judgement.verdict is Verdict.TRANSCRIPT
        and says(judgement.text, written)
        for judgement in records.judgements(utterance_id)
    )


def settle_confirmed(
    term: Term,
    scoped: Scoped,
    now: datetime,
    *,
    records: Records,
    clips: Clips,
    readings: Readings,
    doubts: Doubts,
) -> int:
    """Closes what confirmed groups of a live term explain; returns how many clips it closed.

    A group does this once. Killed in the middle it is done again from its start, and closes
    what is left. What waits then, waits for a listener; so does all of it again when the
    term is retired or undone, for every clip is closed by ``Records.settle``.
    """
    settled = 0
    for group in records.confirmed_groups(term.key):
        if not has_heard(group.utterance, group.made_by, group.written, records):
            continue  # what it began with was taken back
        for member in group.members:
            utterance = records.utterance(member.utterance)
            heard = _heard(term, utterance, scoped, clips, readings, doubts)
            settled += heard is not None and _close(utterance, heard, group, now, records)
        records.group_settled(group.id, scoped.lexicon.revision)
    return settled


def _heard(
    term: Term,
    utterance: Utterance,
    scoped: Scoped,
    clips: Clips,
    readings: Readings,
    doubts: Doubts,
) -> Transcript | None:
    """None, too, where the clip cannot be heard: a human waits. And never of the audit sample."""
    if not is_audited(utterance.flags):
        with suppress(EarwitnessError):
            return settles_confirmed(term, clips.of(utterance), scoped, readings, doubts)
    return None


def _close(
    utterance: Utterance, heard: Transcript, group: SoundGroup, now: datetime, records: Records
) -> bool:
    terms = {group.key, *map(term_key, heard.best.terms)}
    return records.settle(utterance.id, heard, because(group), now, terms)
