"""What a lead sees of the queue, the terms and the judged clips; and gold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from earwitness.model import (
    ItemState,
    Judgement,
    ReviewItem,
    Source,
    Term,
    Transcript,
    TrialOutcome,
    Utterance,
    Verdict,
)

Cursor = tuple[float, datetime, str]
"""Where a page of the queue ended: priority, moment of queueing, utterance."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that waits, without a word of what the machine heard."""

    item: ReviewItem
    source: Source
    rules: tuple[str, ...]
    held_by: str | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which waiting items, in which order.

    At most one of ``state``, ``reason`` and ``begins`` (of the utterance's id). The order
    is by value, or by age without ``state`` and ``reason``, or by id with ``begins``.
    """

    state: ItemState | None = None
    reason: str | None = None
    begins: str = ""
    by_age: bool = False
    reverse: bool = False
    after: Cursor | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Gold:
    """What a lead vouches for was said in a clip. ``text`` is empty unless a transcript."""

    utterance: str
    verdict: Verdict
    text: str
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """A clip that humans have decided on; the last of ``judgements`` decides."""

    item: ReviewItem
    utterance: Utterance
    judgements: tuple[Judgement, ...]
    gold: Gold | None = None

    @property
    def decided(self) -> Judgement:
        return self.judgements[-1]


@dataclass(frozen=True, slots=True)
class LastTrial:
    """The newest trial of a term, without what it measured."""

    key: str
    id: str
    outcome: TrialOutcome
    at: datetime


class OverviewRecords(Protocol):
    """Reads that stay quick however much is kept: every one is bounded, or by an index."""

    def count_at_most(
        self,
        most: int,
        *,
        state: ItemState | None = None,
        reason: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """How many items; ``most`` where there are more.

        With ``state`` those of that state, else those that wait, of a main ``reason`` or
        queued from ``since`` up to, not including, ``until``.
        """

    def open_reasons(self) -> Sequence[str]:
        """The main reasons of what waits, each once."""

    def queued(self, selection: Selection) -> Sequence[Waiting]:
        """A page of what waits."""

    def closed(self, utterance_id: str) -> Closed:
        """Raises NotFound unless humans have decided on it."""

    def closed_among(self, utterance_ids: Collection[str]) -> Sequence[Closed]:
        """Those of them that humans have decided on, in any order."""

    def newest_closed(
        self,
        limit: int,
        *,
        since: datetime | None = None,
        reason: str | None = None,
        golden: bool = False,
        after: tuple[datetime, str] | None = None,
    ) -> Sequence[Closed]:
        """The clips that humans closed, the last closed first.

        ``after`` is (closed at, utterance) of the last of an earlier page; ``since`` is
        about the closing, ``reason`` about what they waited for; ``golden`` are gold alone.
        """

    def states(self, utterance_ids: Collection[str]) -> Mapping[str, ItemState]:
        """Of those that are kept."""

    def last_trials(self) -> Sequence[LastTrial]:
        """The newest trial of every term that was ever tried, by key."""

    def no_longer_live(self) -> Sequence[tuple[Term, int]]:
        """The last version of each term that was live and is not; in which revision it went."""

    def versions(self, key: str) -> Sequence[tuple[int, int | None, Term]]:
        """(first revision, last revision, term) of a term, newest first."""

    def settled_counts(self, keys: Collection[str]) -> Mapping[str, int]:
        """How many clips are settled now because of each of these terms."""

    def settled_because_of(
        self, key: str, limit: int = 50
    ) -> Sequence[tuple[ReviewItem, Transcript]]:
        """What a term settled and what was heard then, the last settled first."""


class GoldRecords(Protocol):
    """Clips of which a lead vouches for what was said. At most one gold a clip."""

    def put_gold(self, golds: Sequence[Gold]) -> None:
        """All or none, in the place of what was gold of the same clips. Durable on return.

        Raises InputError, which names it, for a clip that is not closed by humans.
        """

    def remove_gold(self, utterance_id: str) -> None:
        """Raises NotFound where it is not gold."""

    def golds(self, limit: int = 1000) -> Sequence[tuple[Utterance, Gold]]:
        """Closed clips that are gold, the last made so first."""
