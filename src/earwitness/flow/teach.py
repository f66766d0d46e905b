"""Teach: a word goes live once a trial has shown what it gains and what it harms.

When is a judgement taught from? Only once its clip is closed: by its one listener,
by two who agree, or by an adjudicator. Where a second listener is required, the
first answer waits for the agreement; it would else be live before anybody could
contradict it.

A step may be killed at any point and is then run again from its start. It
converges, because what was decided is written down before it is carried out:

1. the trial is saved, with its outcome, under an id that follows from the event;
2. the revision is published with that id as its cause, which publishes once;
3. backlog clips are settled, each once, with the revision that is live by then; and so are
   those of groups in which listeners have confirmed the term (``confirmed``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from earwitness.errors import (
    EarwitnessError,
    InputError,
    LexiconUnsupported,
    NotFound,
    RevisionConflict,
    TermRefused,
)
from earwitness.flow import lessons
from earwitness.flow.clips import Clips
from earwitness.flow.confirmed import settle_confirmed
from earwitness.flow.lessons import Lesson
from earwitness.flow.readings import Clip, Readings
from earwitness.flow.scope import Scoped, ScopedLexicons
from earwitness.flow.search import best_trial
from earwitness.flow.settling import Doubts, settles
from earwitness.flow.sounding import Sounding, listen_ahead
from earwitness.flow.trial import Clock, Ground, Limits, Tryout, contains
from earwitness.model import (
    Event,
    Interval,
    Lexicon,
    Term,
    TermState,
    Transcript,
    Trial,
    TrialOutcome,
    Utterance,
    term_key,
)
from earwitness.ports import Engine, Records
from earwitness.speech.lexicon import check_against

_NOTHING = Interval(0.0, 0.0, 0.0)
ALREADY = "It is live already and nothing was added, so there is no new revision."


@dataclass(frozen=True, eq=False)
class Teaching:
    """What teaching needs. ``seconds`` of audio of a set may a trial listen to anew.

    ``sounding`` remembers what waiting clips sound like.
    """

    engine: Engine
    lexicons: ScopedLexicons
    records: Records
    clips: Clips
    readings: Readings
    doubts: Doubts
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    seconds: float = 30.0
    sounding: Sounding = field(default_factory=Sounding)


def from_judgement(event: Event, now: datetime, on: Teaching) -> None:
    """The step of a ``judged`` event."""
    for lesson in lessons.of_judgement(event, records=on.records, clips=on.clips):
        teach(lesson, now, on)


def from_request(event: Event, now: datetime, on: Teaching) -> None:
    """The step of a ``teach`` event (``lessons.request``)."""
    teach(lessons.of_request(event, records=on.records, clips=on.clips), now, on)


def teach(lesson: Lesson, now: datetime, on: Teaching) -> tuple[Trial, TrialOutcome]:
    """Tries a term and lets it go live under the limits. Idempotent by ``trial_id``."""
    trial, outcome = _decided(lesson.trial_id, on) or _decide(lesson, now, on)
    while outcome is TrialOutcome.LIVE:
        try:
            revision = publish(lesson.trial_id, trial, trial.base_revision, now, on)
        except RevisionConflict:
            trial, outcome = _decide(lesson, now, on)
        else:
            settle(trial, revision, now, on)
            break
    return trial, outcome


def _decided(trial_id: str, on: Teaching) -> tuple[Trial, TrialOutcome] | None:
    try:
        return on.records.trial(trial_id)
    except NotFound:
        return None


def _decide(lesson: Lesson, now: datetime, on: Teaching) -> tuple[Trial, TrialOutcome]:
    base = on.records.lexicon()
    try:
        term = teachable(lesson.term, base, on.engine)
    except (TermRefused, LexiconUnsupported) as error:
        trial, outcome = _untried(lesson.term, base, str(error)), TrialOutcome.REFUSED
    else:
        trial, outcome = _measured(replace(lesson, term=term), base, on)
    on.records.save_trial(lesson.trial_id, trial, outcome, now)
    return trial, outcome


def teachable(term: Term, base: Lexicon, engine: Engine) -> Term:
    """What would go live: the term, with what is live of it already. Raises as ``check``."""
    whole = lessons.joined(term, base.terms)
    check(whole, base, engine)
    return whole


def _measured(lesson: Lesson, base: Lexicon, on: Teaching) -> tuple[Trial, TrialOutcome]:
    """Held where it does harm. Where nothing is added the term stays live as it is."""
    live = base.terms.get(lesson.term.key)
    if live and not lesson.clip:
        kept = replace(lesson.term, margin=live.margin)
        if lessons.adds_nothing(kept, base.terms):
            return _untried(kept, base, ALREADY), TrialOutcome.LIVE
    trial = _try(lesson, base, on)
    if lessons.adds_nothing(trial.term, base.terms):
        return replace(trial, because=ALREADY), TrialOutcome.LIVE
    return trial, TrialOutcome.HELD if trial.because else TrialOutcome.LIVE


def check(term: Term, base: Lexicon, engine: Engine) -> None:
    """Raises TermRefused or LexiconUnsupported, with the reason."""
    engine.check(term)
    check_against(term, base)


def _try(lesson: Lesson, base: Lexicon, on: Teaching) -> Trial:
    term = replace(lesson.term, state=TermState.TRIAL)
    proposed = [form for form in lesson.proposed if _is_usable(term, form, base, on.engine)]
    ground = Ground(
        base=base,
        clip=lesson.clip,
        backlog=on.clips.backlog(),
        regression=on.clips.regression(but=term.utterance),
        seconds=on.seconds,
    )
    tryout = Tryout(
        replace(term, misheard=(*term.misheard, *proposed)),
        ground,
        readings=on.readings,
        doubts=on.doubts,
        clock=on.clock,
    )
    trial = best_trial(term, proposed, tryout, on.limits)
    return replace(trial, because=on.limits.exceeded(trial))


def _is_usable(term: Term, form: str, base: Lexicon, engine: Engine) -> bool:
    """A proposed form that cannot be honoured is dropped; the term can do without it."""
    try:
        check(replace(term, misheard=(form,)), base, engine)
    except InputError:
        return False
    return True


def _untried(term: Term, base: Lexicon, because: str) -> Trial:
    return Trial(
        term=term,
        base_revision=base.revision,
        clip=None,
        settles=(),
        regression_clips=0,
        regression_hours=0.0,
        u_wer_change=_NOTHING,
        false_accepts_per_hour=_NOTHING,
        seconds=0.0,
        recognised=False,
        because=because,
    )


def warm_up(on: Teaching) -> Iterator[str]:
    """Listens to the regression set, a clip a step, as far as there is room for it.

    A clip that cannot be heard is passed over: the trial that needs it says so.
    """
    scoped = Scoped(on.records.lexicon())
    for clip in on.clips.regression():
        if not on.readings.has_room(clip):
            break
        with suppress(EarwitnessError):
            on.readings.try_out(clip, scoped)
        yield clip.id
    yield from listen_ahead(on.engine, on.sounding, on.clips, on.records)


# --- live -------------------------------------------------------------------


def publish(trial_id: str, trial: Trial, based_on: int, now: datetime, on: Teaching) -> int:
    """The revision with the trial's term: the next, or ``based_on`` if that has it already.

    Raises RevisionConflict as ``Records.publish``.
    """
    if lessons.adds_nothing(trial.term, on.records.lexicon(based_on).terms):
        return based_on
    lexicon = on.records.publish(
        based_on,
        put=[replace(trial.term, state=TermState.LIVE)],
        by=trial.term.taught_by,
        why=trial.term.why or f"taught {trial.term.written!r}",
        now=now,
        cause=trial_id,
    )
    on.lexicons.prepare(on.engine)
    return lexicon.revision


def settle(trial: Trial, revision: int, now: datetime, on: Teaching) -> int:
    """Closes the backlog clips that the term explains; returns how many it closed.

    So too those that an earlier version of the term had closed and ``revision`` put back.
    Each is decoded again with what is live by now, and closed only if that still holds.
    """
    explained = [heard.utterance for heard in trial.settles]
    scoped = Scoped(on.records.lexicon())
    surely = sum(
        _settle_one(trial.term, on.records.utterance(utterance), scoped, now, on)
        for utterance in dict.fromkeys([*explained, *on.records.reopened(revision)])
    )
    return surely + settle_groups(trial.term, scoped, now, on)


def settle_groups(term: Term, scoped: Scoped, now: datetime, on: Teaching) -> int:
    """Closes what confirmed groups of a term explain, where it is live."""
    if term.key not in scoped.lexicon.terms:
        return 0
    return settle_confirmed(
        term,
        scoped,
        now,
        records=on.records,
        clips=on.clips,
        readings=on.readings,
        doubts=on.doubts,
    )


def _settle_one(
    term: Term, utterance: Utterance, scoped: Scoped, now: datetime, on: Teaching
) -> bool:
    transcript = _explained(term, on.clips.of(utterance), scoped, on)
    if transcript is None:
        return False
    because = f"explained by {term.written!r}, live in revision {scoped.lexicon.revision}"
    terms = {term.key, *map(term_key, transcript.best.terms)}
    return on.records.settle(utterance.id, transcript, because, now, terms)


def _explained(term: Term, clip: Clip, scoped: Scoped, on: Teaching) -> Transcript | None:
    """The reading that settles the clip; None, too, where it cannot be heard: a human waits."""
    with suppress(EarwitnessError):
        transcript = on.readings.read(clip, scoped)
        if contains(transcript.text, term) and settles(
            term, clip, scoped, transcript, on.readings, on.doubts
        ):
            return transcript
    return None
