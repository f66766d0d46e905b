"""Undo: a listener takes back their last judgement, and what it taught goes with it.

The judgement stays on record, apart; the clip waits again, and whoever took theirs back
is not blind to it any more (``flow.judge``).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from earwitness.errors import JudgementError, RevisionConflict
from earwitness.flow.teach import Teaching
from earwitness.model import Event, Judgement, Term, Trial, TrialOutcome
from earwitness.ports import Records

_TEACHING = frozenset({"judged", "teach", "override"})
_ENOUGH = 1000


def withdraw(utterance_id: str, analyst: str, now: datetime, *, records: Records) -> Judgement:
    """What was said before; the ``withdrawn`` event undoes what followed from it.

    Raises JudgementError while its words are being tried, and as ``Records.withdraw``.
    """
    teaches = any(each.terms for each in records.judgements(utterance_id))
    kinds = _TEACHING if teaches else _TEACHING - {"judged"}
    for event in records.pending(_ENOUGH):
        if event.kind in kinds and event.payload.get("utterance") == utterance_id:
            raise JudgementError("The word of this clip is being tried; wait for that.")
    return records.withdraw(utterance_id, analyst, now)


def from_withdrawal(event: Event, now: datetime, on: Teaching) -> None:
    """The step of a ``withdrawn`` event: as before for every word that went live by it."""
    utterance, by = event.payload["utterance"], event.payload["by"]
    first: dict[str, Trial] = {}
    for _, trial, outcome in on.records.trials(utterance=utterance):
        if outcome is TrialOutcome.LIVE and trial.term.taught_by == by:
            first.setdefault(trial.term.key, trial)
    for trial in first.values():
        _take_back(trial, event, now, on)


def _take_back(trial: Trial, event: Event, now: datetime, on: Teaching) -> None:
    """Not where somebody has taught more of the word since: it is theirs now."""
    by, key = event.payload["by"], trial.term.key
    while _is_of(on.records.lexicon().terms.get(key), trial):
        base = on.records.revision()
        old = on.records.lexicon(trial.base_revision).terms.get(key)
        with suppress(RevisionConflict):
            on.records.publish(
                base,
                put=[old] if old else [],
                retire=[] if old else [key],
                by=by,
                why=f"{trial.term.written!r}: its judgement was taken back",
                now=now,
                cause=f"{event.id}\n{key}",
            )
            on.lexicons.prepare(on.engine)
            return


def _is_of(live: Term | None, trial: Trial) -> bool:
    return live is not None and (live.utterance, live.taught_by) == (
        trial.term.utterance,
        trial.term.taught_by,
    )
