"""The terms as a lead looks after them: what state each is in, and how it came to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from earwitness.errors import InputError, NotFound
from earwitness.flow import lessons
from earwitness.flow.gold import decision
from earwitness.flow.teach import teachable
from earwitness.model import Event, Lexicon, Taught, Term, TermState, Trial, TrialOutcome, term_key
from earwitness.ports import Engine, Records
from earwitness.ports.lead import LastTrial

LIVE, HELD, REFUSED, RETIRED = "live", "held", "refused", "retired"
STATES = (LIVE, HELD, REFUSED, RETIRED)


@dataclass(frozen=True, slots=True)
class Listed:
    """A term that is or was live, or that was tried. ``trial`` is the outcome of its last trial.

    Of one that never was live only the key is known until ``filled_in``.
    """

    key: str
    written: str
    state: str
    trial: str
    trial_id: str
    scope: str
    weight: float | None
    taught_by: str
    taught_at: datetime | None
    why: str


def listed(records: Records) -> list[Listed]:
    """Every term, by key."""
    trials = {each.key: each for each in records.last_trials()}
    lexicon = records.lexicon()
    found = {key: _known(term, LIVE, trials.get(key)) for key, term in lexicon.terms.items()}
    for term, _ in records.no_longer_live():
        last = trials.get(term.key)
        found[term.key] = _known(term, _state(last.outcome if last else None), last)
    for key in trials.keys() - found.keys():
        found[key] = _tried(trials[key])
    return [found[key] for key in sorted(found)]


def _state(last: TrialOutcome | None) -> str:
    """Of a term that is not live: what became of it last."""
    if last is TrialOutcome.HELD:
        return HELD
    return REFUSED if last is TrialOutcome.REFUSED else RETIRED


def _known(term: Term, state: str, last: LastTrial | None) -> Listed:
    return Listed(
        key=term.key,
        written=term.written,
        state=state,
        trial=last.outcome.value if last else "",
        trial_id=last.id if last else "",
        scope=term.scope,
        weight=term.weight,
        taught_by=term.taught_by,
        taught_at=term.taught_at,
        why=term.why,
    )


def _tried(last: LastTrial) -> Listed:
    blank = _known(Term(last.key), _state(last.outcome), last)
    return replace(blank, scope="", weight=None, taught_at=last.at)


def filled_in(each: Listed, *, records: Records) -> Listed:
    """With what its trial knows, where it never was live."""
    if each.weight is not None:
        return each
    term = records.trial(each.trial_id)[0].term
    return replace(
        each,
        written=term.written,
        scope=term.scope,
        weight=term.weight,
        taught_by=term.taught_by,
        why=term.why,
    )


# --- one term -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class History:
    """Everything about a term. ``term`` is the live one, or the newest that is known.

    ``trials`` and ``versions`` are newest first; ``pending``: a trial of it is to come.
    """

    term: Term
    state: str
    trials: tuple[tuple[str, Trial, TrialOutcome], ...]
    versions: tuple[tuple[int, int | None, Term], ...]
    pending: bool


def history(key: str, *, records: Records) -> History:
    """Raises NotFound for a term that nobody ever taught or asked to teach."""
    key = term_key(key)
    trials = tuple(reversed(records.trials(key)))
    versions = tuple(records.versions(key))
    asked = [each for each in map(_asked_for, records.pending()) if each and term_key(each) == key]
    live = records.lexicon().terms.get(key)
    known = [live] if live else []
    known += [term for _, _, term in versions[:1]] + [trial.term for _, trial, _ in trials[:1]]
    known += [Term(written) for written in asked[:1]]
    if not known:
        raise NotFound(f"Nobody has taught {key!r}.")
    state = LIVE if live else _state(trials[0][2] if trials else None)
    if not (versions or trials):
        state = TermState.TRIAL.value
    return History(known[0], state, trials, versions, bool(asked))


def _asked_for(event: Event) -> str:
    if event.kind != "teach":
        return ""
    return str(json.loads(event.payload["taught"])["written"])


# --- what a revision changed ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """What would become live, no longer be live, and be another version, by written form."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def difference(old: Lexicon, new: Lexicon) -> Difference:
    """From one lexicon to another."""
    before, after = old.terms, new.terms
    both = before.keys() & after.keys()
    return Difference(
        added=_written(after[key] for key in after.keys() - before.keys()),
        removed=_written(before[key] for key in before.keys() - after.keys()),
        changed=_written(after[key] for key in both if _differs(after[key], before[key])),
    )


def _differs(one: Term, other: Term) -> bool:
    """Most are the very same value: revisions are built from their neighbours."""
    return one is not other and one != other


def _written(terms: Iterable[Term]) -> tuple[str, ...]:
    return tuple(sorted(term.written for term in terms))


# --- asking to teach ------------------------------------------------------------


def ask_to_teach(
    event_id: str,
    taught: Taught,
    now: datetime,
    *,
    by: str,
    utterance: str,
    records: Records,
    engine: Engine,
) -> Event:
    """Writes down that a term is to be tried; a runner carries it out.

    ``utterance`` is a closed clip in which it was said. Raises TermRefused or
    LexiconUnsupported where it cannot be honoured, and InputError where it is not said there.
    """
    said = records.closed(utterance)
    draft = Term(taught.written, taught.spoken, taught.misheard or (), taught.scope)
    teachable(draft, records.lexicon(), engine)
    text = decision(said)[1]
    if not text:
        raise InputError(f"Nothing was written down in the clip {utterance!r}.")
    event = lessons.request(event_id, taught, now, by=by, utterance_id=utterance, text=text)
    records.add(event)
    return event
