"""Lessons: what is to be taught, read from a judgement or from a request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from earwitness.errors import InputError, TermRefused
from earwitness.flow.clips import Clips
from earwitness.flow.readings import Clip
from earwitness.flow.scope import folded
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
from earwitness.review.judgement import agree, says
from earwitness.speech.alignment import propose_misheard
from earwitness.speech.gate import margin_of


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
    proposed from it. Raises InputError where there is no utterance, or no term in it.
    """
    if text and utterance_id is None:
        raise InputError("What was said is of use with the clip only; name the utterance, too.")
    if text and not says(text, taught.written):
        raise InputError(f"The term {taught.written!r} does not occur in what was said: {text!r}.")
    payload = {"taught": _coded(taught), "by": by, "utterance": utterance_id or "", "text": text}
    return Event(event_id, "teach", payload, now)


def taught_of(event: Event) -> Taught:
    """What a ``teach`` event asks for."""
    return _decoded(event.payload["taught"])


def of_request(event: Event, *, records: UtteranceRecords, clips: Clips) -> Lesson:
    """The lesson of a ``teach`` event."""
    taught = taught_of(event)
    utterance = _utterance(event.payload["utterance"], records)
    said = event.payload["text"] or (_transcribed(utterance.id, records) if utterance else "")
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
    if not judgements:  # taken back meanwhile
        return
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
    """The term with what is already live of it: teaching again adds, and narrows nothing.

    Raises TermRefused where it is live elsewhere: one household's word is not made
    everybody's because another household says it, too.
    """
    old = live.get(term.key)
    if old is None:
        return term
    return replace(
        term,
        spoken=tuple(dict.fromkeys((*old.spoken, *term.spoken))),
        misheard=tuple(dict.fromkeys((*old.misheard, *term.misheard))),
        scope=_joined_scope(term, old),
        weight=old.weight,
        margin=None if term.margin is None else max(term.margin, margin_of(old)),
    )


def _joined_scope(term: Term, old: Term) -> str:
    if EVERYWHERE in (old.scope, term.scope):
        return EVERYWHERE
    if folded(old.scope) != folded(term.scope):
        raise TermRefused(
            f"{term.written!r} is live for {old.scope} already, and a term has one scope; "
            "teach it everywhere, or retire it there first."
        )
    return old.scope


def adds_nothing(term: Term, live: Mapping[str, Term]) -> bool:
    """Whether the term is live already, and would be heard the same."""
    old = live.get(term.key)
    return old is not None and _heard_as(term) == _heard_as(old)


def _heard_as(term: Term) -> tuple[object, ...]:
    forms = frozenset(term.spoken), frozenset(term.misheard)
    return term.written, *forms, folded(term.scope), term.weight, term.margin


def _transcribed(utterance_id: str, records: UtteranceRecords) -> str:
    """What humans agreed was said in a clip; empty while they have not."""
    if records.item(utterance_id).state is not ItemState.CLOSED:
        return ""
    last = records.judgements(utterance_id)[-1]
    return last.text if last.verdict is Verdict.TRANSCRIPT else ""


def _until(judgement_id: str, judgements: Sequence[Judgement]) -> Sequence[Judgement]:
    places = [at for at, judgement in enumerate(judgements) if judgement.id == judgement_id]
    return judgements[: places[0] + 1] if places else ()


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
