"""One listen, many fixes: waiting clips that sound alike are judged together.

    ids = groups.alike(utterance_id, on=program.teaching)     # before: only how many
    group = groups.begin(utterance_id, analyst, "yeet", now, on=program.teaching)
    while (asked := groups.ask(group.id, analyst, now, ttl, records=program.records)):
        ...                                                   # the analyst listens to it
        groups.answer(group.id, asked.lease, True, now, records=program.records)
    program.carry_out_pending()                               # after the third "same"

An analyst writes down one clip and names the word. Then three others that sound most like it
are heard, one after another, and for each one key says whether it is the same word. Three of
three settle those of the rest in which the recogniser, now that it knows the word, reads it at
the doubtful place. One that differs ends it, and nothing is settled.

Blind: nothing here that a listener may be shown before they have judged holds a text of the
machine; "6 others sound alike" is ``len(alike(...))``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from earwitness.errors import JudgementError
from earwitness.flow import judge
from earwitness.flow.confirmed import because, has_heard
from earwitness.flow.judge import Assignment
from earwitness.flow.scope import Scoped
from earwitness.flow.sounding import WAITING, listen_ahead
from earwitness.flow.teach import Teaching, settle_groups
from earwitness.model import (
    Alike,
    Event,
    ItemState,
    Lease,
    SameWord,
    SoundGroup,
    term_key,
)
from earwitness.ports import Records
from earwitness.review.grouping import CONFIRMATIONS, Standing, standing

NEW_AT_ONCE = 2
"""Clips that ``alike`` listens to by the way; the rest is listened to ahead, or next time."""
NEW_TO_BEGIN = 20
"""As many does ``begin``, which somebody waits for once."""


# --- who sounds alike? ------------------------------------------------------


def alike(
    utterance_id: str, *, on: Teaching, new: int = NEW_AT_ONCE, limit: int = WAITING
) -> list[Alike]:
    """The waiting clips that sound like this one, the most alike first, itself aside.

    Of the ``limit`` most valuable that wait, those that are known (``sounding``): ``new`` more
    become known with each call. Quick for a clip that is known; a new one is listened to.
    Without clips of the audit sample, which nothing may settle. Raises NotFound.
    """
    if not on.sounding.knows(utterance_id):
        on.sounding.add(on.clips.of(on.records.utterance(utterance_id)), on.engine)
    ahead = listen_ahead(on.engine, on.sounding, on.clips, on.records, limit)
    for _ in islice(ahead, new):
        pass
    waiting = on.records.waiting_ids(limit)
    near = on.sounding.near(utterance_id)
    found = [Alike(other, near[other]) for other in waiting if other in near]
    return sorted(found, key=lambda each: -each.score)


def groups(*, on: Teaching, limit: int = WAITING) -> list[list[str]]:
    """Waiting clips that sound alike, two or more, without a clip in two groups.

    The first of each group is its medoid: every other one sounds like it, the most alike
    first. (That each sounds like some other one would not do: such chains lead from one word
    to any other.) The largest group comes first. Only clips that are known are looked at.
    """
    waiting = on.records.waiting_ids(limit)
    near = {each: on.sounding.near(each) for each in waiting}
    found: list[list[str]] = []
    left = dict.fromkeys(waiting)
    while (group := _largest(left, near)) is not None:
        found.append(group)
        left = {each: None for each in left if each not in group}
    return found


def _largest(left: Collection[str], near: Mapping[str, Mapping[str, float]]) -> list[str] | None:
    """Of equally large ones that of the most valuable clip."""
    sizes = {each: sum(other in left for other in near[each]) for each in left}
    medoid = max(sizes, key=sizes.__getitem__, default="")
    if not sizes.get(medoid):
        return None
    others = [other for other in near[medoid] if other in left]
    return [medoid, *sorted(others, key=lambda other: -near[medoid][other])]


# --- confirm ----------------------------------------------------------------


def begin(
    utterance_id: str, analyst: str, written: str, now: datetime, *, on: Teaching
) -> SoundGroup | None:
    """The group of the clips that sound like one in which the analyst has just heard a term.

    None where fewer are alike than must be heard anyway. Idempotent: beginning again gives
    the group as it stands. Raises JudgementError unless the analyst wrote down the term in
    their judgement of the clip.
    """
    if not has_heard(utterance_id, analyst, written, on.records):
        raise JudgementError(f"{analyst} has not written down {written!r} in this clip.")
    members = tuple(alike(utterance_id, on=on, new=NEW_TO_BEGIN))
    if len(members) < CONFIRMATIONS:
        return None
    key = term_key(written)
    name = hashlib.sha256("\n".join((utterance_id, analyst, key)).encode()).hexdigest()[:16]
    return on.records.make_group(
        SoundGroup(name, utterance_id, key, written, analyst, now, members)
    )


def ask(
    group_id: str, analyst: str, now: datetime, ttl: timedelta, *, records: Records
) -> Assignment | None:
    """The next clip of the group to be heard, leased; the same one until it is answered.

    None where the group is no longer open, or none of its clips is free any more. Raises
    JudgementError for anybody but the analyst who began the group, and NotFound.
    """
    group = _own(group_id, analyst, records)
    if standing(group.answers) is not Standing.OPEN:
        return None
    answered = {answer.utterance for answer in group.answers}
    for member in group.members:
        if member.utterance not in answered:
            asked = _first_hearing(member.utterance, analyst, now, ttl, records)
            if asked is not None:
                return asked
    return None


def _first_hearing(
    utterance_id: str, analyst: str, now: datetime, ttl: timedelta, records: Records
) -> Assignment | None:
    """Not of a clip that somebody has judged meanwhile."""
    asked = judge.assign(analyst, now, records=records, ttl=ttl, utterance_id=utterance_id)
    if asked is not None and asked.state is not ItemState.WAITING:
        records.release(asked.lease)
        return None
    return asked


def answer(
    group_id: str, lease: Lease, same: bool, now: datetime, *, records: Records
) -> tuple[Standing, Event | None]:
    """Whether the word of the group is heard in the leased clip; the lease is given back.

    The clip itself is not judged by it and goes on waiting. The answer that confirms the
    group gives the event that settles its clips: carry it out, or leave it to the runner.
    Raises JudgementError where the group is another analyst's or no longer open, LeaseLost
    for a late answer; nothing is written then.
    """
    _own(group_id, lease.analyst, records)
    said = SameWord(lease.utterance, lease.analyst, same, now)
    group = records.answer_group(group_id, lease, said, now)
    stands = standing(group.answers)
    confirmed = stands is Standing.CONFIRMED
    return stands, records.event(f"confirmed:{group_id}") if confirmed else None


def _own(group_id: str, analyst: str, records: Records) -> SoundGroup:
    group = records.group(group_id)
    if group.made_by != analyst:
        raise JudgementError(f"The group {group_id} is for {group.made_by} to confirm.")
    if not has_heard(group.utterance, analyst, group.written, records):
        raise JudgementError("The answer that this group began with was taken back.")
    return group


# --- settle -----------------------------------------------------------------


def from_confirmation(event: Event, now: datetime, on: Teaching) -> None:
    """The step of a ``confirmed`` event.

    Where the term is not live yet, because its trial is still to come or a lead holds it,
    nothing happens now: whoever publishes it settles its groups (``teach.settle``).
    """
    group = on.records.group(event.payload["group"])
    scoped = Scoped(on.records.lexicon())
    term = scoped.lexicon.terms.get(group.key)
    if term is not None:
        settle_groups(term, scoped, now, on)


def settled_by(utterance_id: str, *, records: Records) -> SoundGroup | None:
    """The group because of which a clip is closed, with what was heard in it, if one is."""
    item = records.item(utterance_id)
    if item.state is not ItemState.SETTLED:
        return None
    known: Sequence[SoundGroup] = records.groups_of(utterance_id)
    return next((group for group in known if because(group) == item.closed_because), None)
