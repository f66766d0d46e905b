"""The only place that names concrete classes: settings become a program.

    with Earwitness.open(Settings()) as program:
        for answer in program.hear(path, Source(), datetime.now(UTC)):
            print(answer.transcript.text)

Opening is cheap; each part is made when it is first needed. Doors call the methods
of ``Earwitness``; what they read without changing it they read from ``records``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from earwitness.audio.clip import decode_flac
from earwitness.audio.reader import Told, nobody
from earwitness.config import Settings
from earwitness.errors import StoreError
from earwitness.evidence.receipts import Receipt
from earwitness.flow import hear, judge, lead, lessons, listeners, steps, teach
from earwitness.flow.hear import Answer
from earwitness.flow.incidents import reporting
from earwitness.flow.incidents.reporting import Statement
from earwitness.flow.judge import Assignment, Revealed
from earwitness.flow.lessons import Tried
from earwitness.flow.listeners import Agreement
from earwitness.model import (
    Event,
    Lease,
    Lexicon,
    Samples,
    Source,
    Taught,
    Term,
)
from earwitness.ports import Engine
from earwitness.runners import inline
from earwitness.runners.inline import Failure
from earwitness.runners.warming import Warming, set_apart
from earwitness.wiring.parts import FlacCodec, Parts, make_private

if TYPE_CHECKING:
    from earwitness.runners.durable import DurableRunner, Job

__all__ = ["Earwitness", "FlacCodec"]

MANY_TERMS = 1000
"""As many at once are worth a moment's care for what they do to every later utterance."""


class Earwitness(Parts):
    """The whole program on one data folder. Safe to share between threads."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        super().__init__(settings, engine)
        self.nudge: Callable[[], None] = lambda: None  # whoever carries out events for long

    @classmethod
    def open(cls, settings: Settings | None = None, engine: Engine | None = None) -> Earwitness:
        """Makes the data folder, for its owner alone. Raises SettingsError where it cannot.

        ``engine`` takes the place of the one that the settings name.
        """
        program = cls(settings or Settings(), engine)
        make_private(program.settings.data)
        return program

    def close(self) -> None:
        """Gives back what was opened; the program may not be used after."""
        for name in ("records", "reader", "opus", "originals"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def __enter__(self) -> Earwitness:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- hear -----------------------------------------------------------------

    def hear(
        self, path: Path, source: Source, now: datetime, told: Told = nobody
    ) -> Iterator[Answer]:
        """A recording, piece by piece as it is decoded. Raises AudioError, which names it.

        ``told`` is told how many seconds are decoded, of how many.
        """
        return self.hear_stream(self.reader.pieces(path, told=told), source, now)

    def hear_stream(
        self, blocks: Iterable[Samples], source: Source, began: datetime
    ) -> Iterator[Answer]:
        """Audio that is still coming in, or is in memory already; see ``flow.hear.hear``."""
        return hear.hear(blocks, source, began, self.hearing)

    # --- review ---------------------------------------------------------------

    def assign(
        self, analyst: str, utterance_id: str | None = None, besides: str | None = None
    ) -> Assignment | None:
        """The next clip for this analyst, leased; see ``flow.judge.assign``."""
        return judge.assign(
            analyst, _now(), utterance_id, besides, records=self.records, ttl=self._lease
        )

    def renew(self, lease: Lease) -> Lease:
        """Raises LeaseLost."""
        return self.records.renew(lease, _now(), self._lease)

    def release(self, lease: Lease) -> None:
        """The clip waits for somebody else. Raises LeaseLost."""
        self.records.release(lease)

    def clip(self, key: str) -> Samples:
        """The sound of ``Assignment.clip``. Raises NotFound."""
        return decode_flac(self.blobs.get(key))

    def judge(self, lease: Lease, answer: judge.Answer) -> Event:
        """Durable on return; what follows from it is carried out by ``carry_out``."""
        return judge.judge(
            lease,
            answer,
            _now(),
            records=self.records,
            second_fraction=self.settings.second_listener_fraction,
        )

    def reveal(self, utterance_id: str, analyst: str) -> Revealed:
        """Raises JudgementError for a listener who has not judged yet."""
        return judge.reveal(utterance_id, analyst, records=self.records)

    def agreement(self) -> Agreement:
        """How far blind listeners of the same clips agree."""
        return listeners.agreement(self.records.heard_twice())

    def trials_of_judgement(self, utterance_id: str) -> list[Tried]:
        """Carries out what is pending, then the trials that judging this clip led to.

        Raises what a step of this very clip raises; what failed of others stays pending.
        """
        for failure in self.carry_out_pending():
            if failure.event.payload.get("utterance") == utterance_id:
                raise failure.error
        return [Tried(*each) for each in self.records.trials(utterance=utterance_id)]

    # --- incidents ------------------------------------------------------------

    def report(self, said: Statement, code: str) -> Receipt:
        """Acknowledged on return, and not before; see ``flow.incidents.reporting.report``.

        Where the disk is full, the room that was kept for reports is used.
        """
        try:
            return reporting.report(said, code, self.clock.now(), self.incidents)
        except StoreError:
            if not self.reserve.give_back():
                raise
            return reporting.report(said, code, self.clock.now(), self.incidents)

    # --- teach ----------------------------------------------------------------

    def teach(
        self, taught: Taught, *, by: str, utterance: str | None = None, text: str = ""
    ) -> Tried:
        """Tries a term, and lets it go live under the harm limits.

        ``utterance`` is the clip in which it was said and ``text`` what was said there.
        Raises TermRefused or LexiconUnsupported where it cannot be honoured, NotFound for
        an unknown utterance, and InputError where the term is not in ``text``; nothing is
        written then.
        """
        teach.teachable(_draft(taught), self.records.lexicon(), self.engine)
        if utterance is not None:
            self.records.utterance(utterance)
        event = lessons.request(_new_id(), taught, _now(), by=by, utterance_id=utterance, text=text)
        self._decide(event)
        return self._tried(lessons.trial_id(event.id, taught.written))

    def warm_up(self) -> int:
        """Listens to the regression set, so that the first trial is as quick as the next.

        Returns how many clips were listened to, which is as far as the memory reaches.
        """
        return sum(1 for _ in teach.warm_up(self.teaching))

    def warming(self) -> Warming:
        """A context manager for who runs for long: warms up meanwhile, on another thread.

        The parts are made here: of two threads that make one at once, each would get its own.
        """
        on, _ = self.teaching, self.starter
        return Warming(lambda: teach.warm_up(on))

    def override(self, trial_id: str, *, by: str, why: str) -> Tried:
        """A lead lets a held term go live.

        Raises InputError unless it is held, and TermRefused where another is in the way.
        """
        event = lead.override(_new_id(), trial_id, by, why, _now(), records=self.records)
        self._decide(event)
        return self._tried(trial_id)

    def undo(self, revision: int, *, by: str, why: str) -> Lexicon:
        """A new revision with the terms of an older one. Raises NotFound, InputError."""
        return lead.undo(revision, by, why, _now(), self.teaching)

    def retire(self, written: str, *, by: str, why: str) -> Lexicon:
        """A new revision without one term. Raises NotFound."""
        return lead.retire(written, by, why, _now(), self.teaching)

    def publish_all(
        self, terms: Sequence[Term], *, by: str, why: str
    ) -> tuple[Lexicon, dict[str, str]]:
        """Many terms in one revision, without trials; see ``flow.lead.publish_all``."""
        published = lead.publish_all(terms, by, why, _now(), self.teaching)
        if len(terms) >= MANY_TERMS:
            set_apart()
        return published

    # --- events ---------------------------------------------------------------

    def carry_out(self, event_id: str) -> None:
        """One event, now. Raises what its step raises; it stays pending then."""
        steps.carry_out(event_id, _now(), self.teaching)

    def carry_out_pending(self) -> Sequence[Failure]:
        """Everything that was decided and is not carried out yet; returns what failed."""
        self.records.done_all(steps.NOTHING_TO_DO, _now())
        return inline.drain(self.records, self.carry_out)

    def runner(self) -> DurableRunner:
        """A context manager that carries out events for as long as it is open."""
        from earwitness.runners.durable import DurableRunner
        from earwitness.runners.escalating import Climbing, Delivering, Held
        from earwitness.runners.stamping import Stamping

        held: Held = {}
        jobs: list[Job] = [
            Climbing(self.incidents, self.clock, self.reserve, held, lambda: self.channels),
            *(
                Delivering(self.incidents, self.clock, lambda: self.channels, held, outside)
                for outside in (False, True)
            ),
        ]
        if self.incidents.book.authority:
            jobs.append(Stamping(self.incidents.book, self.clock))
        url = self.settings.workflows_url
        return DurableRunner(url, self.records, self.carry_out, steps.NOTHING_TO_DO, jobs)

    def _decide(self, event: Event) -> None:
        """Written down first: if we die before it is carried out, the next start does it."""
        self.records.add(event)
        self.carry_out(event.id)

    def _tried(self, trial_id: str) -> Tried:
        return Tried(trial_id, *self.records.trial(trial_id))

    @property
    def _lease(self) -> timedelta:
        return timedelta(minutes=self.settings.lease_minutes)


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid.uuid4().hex


def _draft(taught: Taught) -> Term:
    return Term(taught.written, taught.spoken, taught.misheard or (), taught.scope)
