"""What is kept of terms, and what was decided and is to be carried out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from earwitness.model import Event, Lexicon, Term, Trial, TrialOutcome


class LexiconRecords(Protocol):
    """Terms, trials and numbered revisions. A revision number is never reused."""

    def revision(self) -> int:
        """The newest number. One indexed read."""

    def lexicon(self, revision: int | None = None) -> Lexicon: ...

    def publish(
        self,
        based_on: int,
        *,
        put: Sequence[Term] = (),
        retire: Sequence[str] = (),
        by: str,
        why: str,
        now: datetime,
        cause: str | None = None,
    ) -> Lexicon:
        """The next revision: terms put (by key) and retired. Durable on return.

        In the same transaction, whatever was settled because of a term that is retired,
        or replaced by a narrower one, waits again with its old priority.

        Idempotent by ``cause``: if that cause published before, its revision is
        returned, however old ``based_on`` is. Raises RevisionConflict, otherwise,
        if ``based_on`` is no longer the newest.
        """

    def restore(self, revision: int, *, by: str, why: str, now: datetime) -> Lexicon:
        """Undo: a new revision with exactly the terms of an older one.

        In the same transaction, whatever was settled because of a term that this takes
        back waits again with its old priority.
        """

    def history(self, limit: int = 100) -> Sequence[tuple[int, datetime, str, str]]:
        """(number, when, who, why), newest first."""

    def save_trial(self, trial_id: str, trial: Trial, outcome: TrialOutcome, now: datetime) -> None:
        """Kept under its id; saving it again replaces it."""

    def trial(self, trial_id: str) -> tuple[Trial, TrialOutcome]: ...

    def trials(
        self, key: str | None = None, *, utterance: str | None = None
    ) -> Sequence[tuple[str, Trial, TrialOutcome]]:
        """Oldest first; those of one term, of terms taught from one utterance, or all."""


class EventRecords(Protocol):
    """The outbox: what was decided and is to be carried out, at least once."""

    def add(self, event: Event) -> None:
        """A decision that no other method records. Durable on return, idempotent by id."""

    def event(self, event_id: str) -> Event:
        """Done or not. Raises NotFound."""

    def pending(self, limit: int = 100) -> Sequence[Event]:
        """Not done yet, oldest first."""

    def done(self, event_id: str, now: datetime) -> None: ...

    def done_all(self, kinds: Collection[str], now: datetime) -> None:
        """Every pending event of these kinds at once: those that ask for nothing."""
