"""Lessons: what is to be taught, read from a judgement or from a request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from earwitness.flow.clips import Clips
from earwitness.flow.readings import Clip
from earwitness.model import (
    EVERYWHERE,
    Event,
    Hypothesis,
    ItemState,
    Judgement,
    Taught,
    Term,
    Trial,
    TrialOutcome,
    Utterance,
    Verdict,
    term_key,
)
from earwitness.ports import UtteranceRecords
from earwitness.review.judgement import agree
from earwitness.speech.alignment import propose_misheard


@dataclass(frozen=True, eq=False)
class Lesson:
    """One term to try. ``trial_id`` follows from the event, so a lesson is given once.

    ``proposed`` are misheard forms that nobody asked for and the trial may drop.
    """

    trial_id: str
    term: Term
    proposed: tuple[str, ...] = ()
    clip: Clip | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial as it was saved: its id, what was measured, what became of it."""

    id: str
    trial: Trial
    outcome: TrialOutcome


def trial_id(event_id: str, written: str) -> str:
    """The id of the trial that an event leads to for a term: 32 hex digits."""
    content = f"{event_id}\n{term_key(written)}".encode()
    return hashlib.sha256(content).hexdigest()[:32]


def request(
    event_id: str,
    taught: Taught,
    now: datetime,
    *,
    by: str,
    utterance_id: str | None = None,
    text: str = "",
) -> Event:
    """The ``teach`` event of somebody who teaches without a judgement.

    ``text`` is what was said in the utterance, if they know; misheard forms are then
    proposed from it.
    """
    payload = {"taught": _coded(taught), "by": by, "utterance": utterance_id or "", "text": text}
    return Event(event_id, "teach", payload, now)


def of_request(event: Event, *, records: UtteranceRecords, clips: Clips) -> Lesson:
    """The lesson of a ``teach`` event."""
    taught, said = _decoded(event.payload["taught"]), event.payload["text"]
    utterance = _utterance(event.payload["utterance"], records)
    term = _term(taught, event, by=event.payload["by"], utterance=utterance)
    clip = clips.of(utterance, said or None) if utterance else None
    proposed = _proposed(taught, said, utterance)
    return Lesson(trial_id(event.id, taught.written), term, proposed, clip)


def of_judgement(event: Event, *, records: UtteranceRecords, clips: Clips) -> Iterator[Lesson]:
    """The lessons of a ``judged`` event; none unless that judgement closed its clip."""
    if event.payload["state"] != ItemState.CLOSED.value:
        return
    utterance = records.utterance(event.payload["utterance"])
    judgements = _until(event.payload["judgement"], records.judgements(utterance.id))
    for judgement, taught in decided(judgements):
        yield Lesson(
            trial_id=trial_id(event.id, taught.written),
            term=_term(taught, event, by=judgement.analyst, utterance=utterance),
            proposed=_proposed(taught, judgement.text, utterance),
            clip=clips.of(utterance, judgement.text),
        )


def decided(judgements: Sequence[Judgement]) -> list[tuple[Judgement, Taught]]:
    """The terms of a closed clip: of its one listener, of both who agree, or the adjudicator's.

    A term that both name is the earlier listener's.
    """
    *earlier, last = judgements
    if last.verdict is not Verdict.TRANSCRIPT:
        return []
    voices = [each for each in earlier if last.blind and agree(each, last)] + [last]
    terms: dict[str, tuple[Judgement, Taught]] = {}
    for judgement in voices:
        for taught in judgement.terms:
            terms.setdefault(term_key(taught.written), (judgement, taught))
    return list(terms.values())


def joined(term: Term, live: Mapping[str, Term]) -> Term:
    """The term with what is already live of it: teaching again adds, and narrows nothing."""
    old = live.get(term.key)
    if old is None:
        return term
    return replace(
        term,
        spoken=tuple(dict.fromkeys((*old.spoken, *term.spoken))),
        misheard=tuple(dict.fromkeys((*old.misheard, *term.misheard))),
        scope=old.scope if old.scope == term.scope else EVERYWHERE,
        weight=old.weight,
    )


def _until(judgement_id: str, judgements: Sequence[Judgement]) -> Sequence[Judgement]:
    places = [at for at, judgement in enumerate(judgements) if judgement.id == judgement_id]
    return judgements[: places[0] + 1]


def _utterance(utterance_id: str, records: UtteranceRecords) -> Utterance | None:
    return records.utterance(utterance_id) if utterance_id else None


def _term(taught: Taught, event: Event, *, by: str, utterance: Utterance | None) -> Term:
    return Term(
        written=taught.written,
        spoken=taught.spoken,
        misheard=taught.misheard or (),
        scope=taught.scope,
        taught_by=by,
        utterance=utterance.id if utterance else None,
        why=taught.why,
        taught_at=event.at,
    )


def _proposed(taught: Taught, said: str, utterance: Utterance | None) -> tuple[str, ...]:
    if taught.misheard is not None or utterance is None:
        return ()
    return propose_misheard(said, taught.written, _hypotheses(utterance))


def _hypotheses(utterance: Utterance) -> list[Hypothesis]:
    unbiased = utterance.transcript.unbiased
    return [*([unbiased] if unbiased else []), *utterance.transcript.nbest]


def _coded(taught: Taught) -> str:
    return json.dumps(
        {
            "written": taught.written,
            "spoken": taught.spoken,
            "misheard": taught.misheard,
            "scope": taught.scope,
            "why": taught.why,
        }
    )


def _decoded(text: str) -> Taught:
    fields = json.loads(text)
    misheard = fields["misheard"]
    return Taught(
        written=fields["written"],
        spoken=tuple(fields["spoken"]),
        misheard=None if misheard is None else tuple(misheard),
        scope=fields["scope"],
        why=fields["why"],
    )
