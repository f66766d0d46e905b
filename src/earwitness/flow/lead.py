"""What a lead decides about the lexicon: override, undo, retire, import."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from earwitness.errors import (
    InputError,
    LexiconUnsupported,
    NotFound,
    RevisionConflict,
    TermRefused,
)
from earwitness.flow import lessons
from earwitness.flow.teach import Teaching, check, publish, settle, teachable
from earwitness.model import Event, Lexicon, Term, TermState, Trial, TrialOutcome, term_key
from earwitness.ports import Engine, LexiconRecords
from earwitness.speech.lexicon import answers_to, check_against, rivals


def override(
    event_id: str, trial_id: str, by: str, why: str, now: datetime, *, records: LexiconRecords
) -> Event:
    """The ``override`` event by which a lead lets a held term go live.

    Raises InputError unless the trial is held and a reason is given, and TermRefused
    where the term cannot be live beside what went live since.
    """
    trial, outcome = records.trial(trial_id)
    if outcome is not TrialOutcome.HELD:
        raise InputError(f"The trial {trial_id} is {outcome.value}; only a held one is overridden.")
    if not (by.strip() and why.strip()):
        raise InputError("An override needs a name and a reason.")
    base = records.lexicon()
    check_against(lessons.joined(trial.term, base.terms), base)
    return Event(event_id, "override", {"trial": trial_id, "by": by, "why": why}, now)


def from_override(event: Event, now: datetime, on: Teaching) -> None:
    """The step of an ``override`` event: live, whatever the harm, and on record why.

    Refused, with the reason, where a term that went live meanwhile is in the way.
    """
    trial_id = event.payload["trial"]
    trial, outcome = on.records.trial(trial_id)
    if outcome is TrialOutcome.HELD:
        trial, outcome = _decided(_overridden(trial, event), on)
        on.records.save_trial(trial_id, trial, outcome, now)
    if outcome is TrialOutcome.LIVE:
        settle(trial, _publish_on_newest(trial_id, trial, now, on), now, on)


def _decided(trial: Trial, on: Teaching) -> tuple[Trial, TrialOutcome]:
    try:
        teachable(trial.term, on.records.lexicon(), on.engine)
    except (TermRefused, LexiconUnsupported) as error:
        return replace(trial, because=str(error)), TrialOutcome.REFUSED
    return trial, TrialOutcome.LIVE


def _overridden(trial: Trial, event: Event) -> Trial:
    by, why = event.payload["by"], event.payload["why"]
    reason = f"{trial.because} Overridden by {by}: {why}"
    return replace(trial, because=reason, term=replace(trial.term, taught_by=by, why=why))


def _publish_on_newest(trial_id: str, trial: Trial, now: datetime, on: Teaching) -> int:
    """With what is live of the term by now: an override takes nothing away."""
    while True:
        base = on.records.lexicon()
        whole = replace(trial, term=lessons.joined(trial.term, base.terms))
        with suppress(RevisionConflict):
            return publish(trial_id, whole, base.revision, now, on)


def undo(revision: int, by: str, why: str, now: datetime, on: Teaching) -> Lexicon:
    """A new revision with exactly the terms of an older one.

    Clips that were settled by what this takes back wait for a human again. Raises
    NotFound for a number that was never published, and InputError for the newest.
    """
    newest = on.records.revision()
    if revision <= 0 == newest:
        raise InputError("Nothing was published yet, so there is nothing to undo.")
    if revision == newest:
        raise InputError(f"Revision {revision} is the newest and live already.")
    lexicon = on.records.restore(revision, by=by, why=why, now=now)
    on.lexicons.prepare(on.engine)
    return lexicon


def retire(written: str, by: str, why: str, now: datetime, on: Teaching) -> Lexicon:
    """A new revision without one term. Raises NotFound where it is not live.

    Clips that were settled because of it wait for a human again.
    """
    while True:
        base = on.records.lexicon()
        if term_key(written) not in base.terms:
            raise NotFound(f"{written!r} is not a live term.")
        change = Change(base.revision, retire=(term_key(written),))
        with suppress(RevisionConflict):
            return _carry_out(change, by, why, now, on)


def publish_all(
    terms: Sequence[Term], by: str, why: str, now: datetime, on: Teaching
) -> tuple[Lexicon, dict[str, str]]:
    """A list of terms in one revision, without trials, as a lead imports it.

    Returns the lexicon and, by written form, why a term cannot be honoured; the
    others go live, where they are not already as they are listed. Raises
    LexiconUnsupported where the engine honours none.
    """
    while True:
        base = on.records.lexicon()
        usable, refused = sort_out(terms, base, on.engine)
        new = tuple(term for term in usable if not lessons.adds_nothing(term, base.terms))
        if not new:
            return base, refused
        with suppress(RevisionConflict):
            return _carry_out(Change(base.revision, put=new), by, why, now, on), refused


@dataclass(frozen=True, slots=True)
class Change:
    """What a lead changes in one revision."""

    based_on: int
    put: tuple[Term, ...] = ()
    retire: tuple[str, ...] = ()


def _carry_out(change: Change, by: str, why: str, now: datetime, on: Teaching) -> Lexicon:
    lexicon = on.records.publish(
        change.based_on, put=change.put, retire=change.retire, by=by, why=why, now=now
    )
    on.lexicons.prepare(on.engine)
    return lexicon


def sort_out(
    terms: Iterable[Term], base: Lexicon, engine: Engine
) -> tuple[list[Term], dict[str, str]]:
    """Which of many terms can be live together, and why each other one cannot.

    The first of two that clash stays. Time depends on the terms alone, not on their
    product with what is live.
    """
    usable: dict[str, Term] = {}
    refused: dict[str, str] = {}
    new = list(terms)
    by_form = _by_form(rivals({form for term in new for form in answers_to(term)}, base))
    for term in new:
        others = {o.key: o for form in answers_to(term) for o in by_form.get(form, ())}
        try:
            check(term, Lexicon(base.revision, MappingProxyType(others)), engine)
        except TermRefused as error:
            refused[term.written] = str(error)
        else:
            usable[term.key] = replace(term, state=TermState.LIVE)
            for form in answers_to(term):
                by_form[form].append(term)
    return list(usable.values()), refused


def _by_form(terms: Iterable[Term]) -> defaultdict[str, list[Term]]:
    found: defaultdict[str, list[Term]] = defaultdict(list)
    for term in terms:
        for form in answers_to(term):
            found[form].append(term)
    return found
