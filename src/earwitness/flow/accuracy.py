"""How well the machine hears, over time, from the audit sample.

The sample is drawn by a keyed hash of an utterance's id, whatever was heard
(``speech.doubt.AuditSample``), and a taught term never settles it, so what is true of it
is true of all that was heard in households that consent. The estimate assumes that

- what listeners decided is what was said (gold, where there is some): their errors count
  as the machine's;
- clips that are not decided yet, or that nobody could understand, would not differ from
  the others. They are left out, and counted, since they are likely to be harder;
- utterances are independent. A household that speaks often makes its own utterances
  alike, and the intervals then are too narrow.

An utterance in which humans heard no speech is right where the machine wrote nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from earwitness.flow.gold import alignable, decision
from earwitness.flow.intervals import share
from earwitness.model import Interval, Verdict
from earwitness.ports.lead import Closed
from earwitness.speech.wer import ratio, score

_DECIDED = (Verdict.TRANSCRIPT, Verdict.NO_SPEECH)
"""The verdicts that say which words the machine should have written."""


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Estimate:
    """``right``: the share of utterances without an error; ``wer``: errors per word said."""

    utterances: int
    right: Interval | None
    wer: Interval | None


@dataclass(frozen=True, slots=True)
class Change:
    """What was heard before a revision, and what with it or a later one."""

    revision: int
    published_at: datetime
    why: str
    before: Estimate
    after: Estimate


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of one stretch of time. ``left_out`` are closed clips without words to compare with."""

    overall: Estimate
    periods: tuple[tuple[date, Estimate], ...]
    changes: tuple[Change, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class _Scored:
    heard_at: datetime
    revision: int
    words: int
    errors: int


def accuracy(
    audited: Iterable[Closed],
    revisions: Sequence[tuple[int, datetime, str, str]],
    period: Period = Period.WEEK,
) -> Accuracy:
    """Of closed clips of the audit sample; ``revisions`` as ``Records.history``.

    Shares have the score interval (Wilson 1927), error rates the bootstrap over utterances
    (Bisani & Ney 2004), both 95 %. Days and weeks (from Monday) are UTC. Revisions are told
    apart by what each utterance was heard with, newest first, those alone with utterances
    on both sides.
    """
    clips = list(audited)
    scored = [_scored(each) for each in clips if _is_decided(each)]
    starts = sorted({_start(each.heard_at, period) for each in scored})
    return Accuracy(
        overall=_estimate(scored),
        periods=tuple(
            (start, _estimate([each for each in scored if _start(each.heard_at, period) == start]))
            for start in starts
        ),
        changes=tuple(_changes(scored, revisions)),
        left_out=len(clips) - len(scored),
    )


def _changes(
    scored: Sequence[_Scored], revisions: Sequence[tuple[int, datetime, str, str]]
) -> Iterable[Change]:
    for number, at, _, why in revisions:
        before = [each for each in scored if each.revision < number]
        after = [each for each in scored if each.revision >= number]
        if before and after:
            yield Change(number, at, why, _estimate(before), _estimate(after))


def _estimate(scored: Sequence[_Scored]) -> Estimate:
    right = share(sum(each.errors == 0 for each in scored), len(scored))
    errors, words = [each.errors for each in scored], [each.words for each in scored]
    return Estimate(len(scored), right, ratio(errors, words) if scored else None)


def _is_decided(closed: Closed) -> bool:
    verdict, said = decision(closed)
    return verdict in _DECIDED and alignable(said, closed.utterance.transcript.text)


def _scored(closed: Closed) -> _Scored:
    transcript = closed.utterance.transcript
    _, said = decision(closed)
    words, errors = _counts(said, transcript.text)
    return _Scored(closed.utterance.heard_at, transcript.revision, words, errors)


@lru_cache(maxsize=16_384)
def _counts(said: str, heard: str) -> tuple[int, int]:
    """The same clips are asked for again and again, and aligning is what takes the time."""
    found = score(said, heard)
    return found.words, found.errors


def _start(at: datetime, period: Period) -> date:
    day = at.astimezone(UTC).date()
    return day if period is Period.DAY else day - timedelta(days=day.weekday())
