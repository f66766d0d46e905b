"""Judge: lease a clip, listen, write, decide; one transaction an answer.

The blind rule: nobody sees the machine's text of a clip, nor the other listener's,
before their own judgement of it is in. ``Assignment`` carries none of it (a flag's
reason quotes the text, so only its rule, number and place are shown), and
``reveal`` refuses until then. An adjudicator comes after both listeners and sees
everything. Where a lead lets guesses come first the machine's text is in the
assignment, and the judgement says that it was not blind.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from earwitness.errors import JudgementError
from earwitness.model import (
    Event,
    ItemState,
    Judgement,
    Lease,
    ReviewItem,
    Source,
    Taught,
    Utterance,
    Verdict,
)
from earwitness.ports import DeskRecords, UtteranceRecords
from earwitness.review import judgement as rules


class Reviewed(UtteranceRecords, DeskRecords, Protocol):
    """What is kept of clips, and of how they are listened to."""


_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Signs that turn the direction of writing: nobody says them, and they reorder what is beside."""
_MARKED = re.compile(r"\[([^\[\]]+)\]")
_OPEN_TO_ALL = (ItemState.ADJUDICATION, ItemState.CLOSED, ItemState.SETTLED)


@dataclass(frozen=True, slots=True)
class Doubted:
    """A flag without the words in it."""

    rule: str
    score: float
    threshold: float
    start: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a listener gets to see before they write: where to listen, not what to hear."""

    lease: Lease
    clip: str
    source: Source
    heard_at: datetime
    seconds: float
    state: ItemState
    doubts: tuple[Doubted, ...]
    words: tuple[float, ...] = ()
    """When each word begins, in seconds, as far as the machine knows: where, not what."""
    guess: str | None = None
    """The machine's text, where a lead lets guesses come first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a listener answers. The fields are those of ``model.Judgement``."""

    verdict: Verdict
    text: str = ""
    terms: tuple[Taught, ...] = ()


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the machine heard and doubted, and every judgement so far."""

    utterance: Utterance
    judgements: tuple[Judgement, ...]


def written(line: str) -> Answer:
    """What a line says, the marked words as terms to teach.

    Raises JudgementError, which names the bracket, where one has no other or no word.

    >>> written("[yeet] that alarm").text
    'yeet that alarm'
    """
    line = line.translate(_DIRECTIONS)
    _check_brackets(line)
    terms = tuple(Taught(term.strip()) for term in _MARKED.findall(line))
    return Answer(Verdict.TRANSCRIPT, _MARKED.sub(r"\1", line), terms)


def _check_brackets(line: str) -> None:
    opened: int | None = None
    for place, char in enumerate(line):
        if char == "[":
            if opened is not None:
                raise _wrong_bracket(line, place, "the second [ opens before the first is closed")
            opened = place
        elif char == "]":
            if opened is None:
                raise _wrong_bracket(line, place, "the ] has no [ before it")
            if not line[opened + 1 : place].strip():
                raise _wrong_bracket(line, place, "the brackets are around no word")
            opened = None
    if opened is not None:
        raise _wrong_bracket(line, opened, "the [ has no ] after it")


def _wrong_bracket(line: str, place: int, what: str) -> JudgementError:
    near = line[max(0, place - 12) : place + 12].strip()
    return JudgementError(
        f"In {near!r} {what}. Brackets mark a word to teach, one pair around each, "
        "as in: [yeet] that alarm."
    )


def assign(
    analyst: str,
    now: datetime,
    utterance_id: str | None = None,
    besides: str | None = None,
    *,
    records: Reviewed,
    ttl: timedelta,
) -> Assignment | None:
    """Leases the most valuable clip that this analyst may answer, or None.

    ``besides`` is the clip that they are at, while the next is made ready.
    """
    lease = records.lease(analyst, now, ttl, utterance_id, besides)
    if lease is None:
        return None
    utterance = records.utterance(lease.utterance)
    best = utterance.transcript.best
    guessed = utterance.source.household in records.guesses_allowed()
    if guessed:
        records.show_guess(lease, now)
    return Assignment(
        lease=lease,
        clip=utterance.clip,
        source=utterance.source,
        heard_at=utterance.heard_at,
        seconds=utterance.transcript.seconds,
        state=records.item(lease.utterance).state,
        doubts=tuple(
            Doubted(flag.rule, flag.score, flag.threshold, flag.start, flag.end)
            for flag in utterance.flags
        ),
        words=tuple(word.start for word in best.words if word.start is not None),
        guess=best.text if guessed else None,
    )


def judge(
    lease: Lease,
    answer: Answer,
    now: datetime,
    *,
    records: Reviewed,
    second_fraction: float,
) -> Event:
    """Judgement, next state and the ``judged`` event in one transaction.

    It is blind unless the listener could see the machine's text before: as adjudicator,
    where guesses come first, or because they take back what they said.

    Raises JudgementError for an answer that contradicts itself and LeaseLost for a
    late one; nothing is written then.
    """
    item = records.item(lease.utterance)
    judgement = Judgement(
        id=uuid.uuid4().hex,
        utterance=lease.utterance,
        analyst=lease.analyst,
        verdict=answer.verdict,
        judged_at=now,
        text=answer.text,
        terms=answer.terms,
        blind=item.state is not ItemState.ADJUDICATION
        and not records.has_seen(lease.utterance, lease.analyst),
    )
    rules.validate(judgement)
    earlier = records.judgements(lease.utterance)
    state, because = rules.next_state(item, earlier, judgement, second_fraction)
    return records.judge(lease, judgement, state, because, now)


def reveal(utterance_id: str, analyst: str, *, records: UtteranceRecords) -> Revealed:
    """What the machine heard, for somebody whom it can no longer influence.

    Raises JudgementError for a listener whose own judgement is not in yet.
    """
    item, judgements = records.item(utterance_id), records.judgements(utterance_id)
    if not _may_see(item, judgements, analyst):
        raise JudgementError("Write down what you heard first; then the machine's text is shown.")
    utterance = records.utterance(utterance_id)
    return Revealed(utterance, tuple(judgements))


def _may_see(item: ReviewItem, judgements: Sequence[Judgement], analyst: str) -> bool:
    judged = any(judgement.analyst == analyst for judgement in judgements)
    return judged or item.state in _OPEN_TO_ALL
