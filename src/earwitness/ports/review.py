"""What is kept of utterances, and the queue of those that wait for a human."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from earwitness.model import Event, ItemState, Judgement, Lease, ReviewItem, Transcript, Utterance


class Blobs(Protocol):
    """Clips by key. Durable on return of ``put``; content-addressed; create-only."""

    def put(self, content: bytes) -> str: ...

    def get(self, key: str) -> bytes:
        """Raises NotFound."""

    def delete(self, key: str) -> None: ...

    def keys(self) -> Sequence[str]: ...


class UtteranceRecords(Protocol):
    """Doubted utterances and the queue of those that wait for a human.

    Every method that writes is one transaction, durable on return. An item has at
    most one valid lease; whoever holds no valid lease is refused.
    """

    def keep(self, utterance: Utterance, item: ReviewItem) -> None:
        """Utterance, flags, item and a ``doubted`` event. Idempotent by utterance id."""

    def utterance(self, utterance_id: str) -> Utterance: ...

    def item(self, utterance_id: str) -> ReviewItem: ...

    def items(
        self, states: Sequence[ItemState] = (), limit: int = 1000
    ) -> Sequence[ReviewItem]: ...

    def count_items(self) -> Mapping[ItemState, int]:
        """How many items are in each state that has any."""

    def count_open(self, most: int) -> int:
        """How many items wait for somebody, counted up to ``most``."""

    def lease(
        self,
        analyst: str,
        now: datetime,
        ttl: timedelta,
        utterance_id: str | None = None,
        besides: str | None = None,
    ) -> Lease | None:
        """The most valuable item that this analyst may answer, or None.

        ``utterance_id`` is the only one that will do; ``besides`` one that will not, which
        the analyst is at while the next is made ready.

        What the analyst holds already comes first, under the same token and renewed, so
        that after a crash nobody waits for their own lease to end.
        An analyst who judged an item already never gets it again as second
        listener, and one that they passed on not unless they ask for it; an expired
        lease frees its item.
        """

    def renew(self, lease: Lease, now: datetime, ttl: timedelta) -> Lease: ...

    def release(self, lease: Lease) -> None: ...

    def pass_on(self, lease: Lease, now: datetime) -> None:
        """The item waits for somebody else. Raises LeaseLost as ``release``."""

    def judge(
        self, lease: Lease, judgement: Judgement, next_state: ItemState, because: str, now: datetime
    ) -> Event:
        """Judgement, next state and a ``judged`` event, if the lease is still valid.

        Raises LeaseLost, and writes nothing, otherwise.
        """

    def withdraw(self, utterance_id: str, analyst: str, now: datetime) -> Judgement:
        """Takes back the item's last judgement, which is this analyst's; it waits again.

        With a ``withdrawn`` event in the same transaction. Raises JudgementError where the
        last word is not theirs, or somebody else is listening by now.
        """

    def show_guess(self, lease: Lease, now: datetime) -> None:
        """Whoever holds this lease gets to see the machine's text first. Idempotent."""

    def has_seen(self, utterance_id: str, analyst: str) -> bool:
        """Whether this analyst saw the machine's text, before or by an answer taken back."""

    def judgements(self, utterance_id: str) -> Sequence[Judgement]: ...

    def heard_twice(self) -> Sequence[Sequence[Judgement]]:
        """The blind judgements of every utterance that has at least two, in their order."""

    def backlog(self, limit: int = 1000) -> Sequence[Utterance]:
        """Utterances that nobody has judged yet, most valuable first."""

    def transcribed(self, judgements: int, limit: int = 1000) -> Sequence[tuple[Utterance, str]]:
        """Closed utterances with at least so many judgements, most valuable first.

        With the text of the last judgement, which decides; not those whose last says
        anything else than a transcript.
        """

    def settle(
        self,
        utterance_id: str,
        transcript: Transcript,
        because: str,
        now: datetime,
        terms: Collection[str] = (),
    ) -> bool:
        """Closes a waiting item without a listener; False if somebody holds or judged it.

        ``terms`` are those that explain it; False, too, where one of them is no longer
        live as it was in the transcript's revision. When one no longer holds, the item
        waits again (``LexiconRecords.publish``).
        """

    def reopened(self, revision: int) -> Sequence[str]:
        """The utterances that wait again because of what this revision took back."""
