"""Sounds with custody: what is examined, who keeps it, and what is on record of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from earwitness.examining import FindingVersion
from earwitness.flow.rooms import room_of
from earwitness.model import Source, Utterance
from earwitness.ports import Records
from earwitness.sound.findings.contents import Custody

AROUND = timedelta(minutes=2)
MOST = 12
"""Recordings that are offered beside one; the nearest in time."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined. ``room`` is empty for a device that was never enrolled, ``case`` for a
    clip.
    """

    id: str
    source: Source
    room: str
    heard_at: datetime | None
    seconds: float
    case: str = ""

    @property
    def name(self) -> str:
        """What it is called where a finding is written down."""
        return f"evidence of the case {self.case}" if self.case else f"clip {self.id}"

    @property
    def described(self) -> str:
        """What it is, for whoever writes a finding on it."""
        at = f" on {printed(self.heard_at)}" if self.heard_at else ""
        return (
            f"original, {self.name}, heard by the device {self.room or self.source.device} of the"
            f" household {self.source.household}{at}"
        )

    def after(self, other: Subject) -> float:
        """Seconds from when the other one was heard, by the clocks; 0 where one has no time."""
        if self.heard_at is None or other.heard_at is None:
            return 0.0
        return (self.heard_at - other.heard_at).total_seconds()


class Custodian(Protocol):
    """Who keeps sounds, each under the id of its subject, and the findings on them."""

    def about(self, subject: str) -> Subject:
        """Raises NotFound."""

    def content(self, subject: str) -> bytes:
        """Its file. Raises NotFound, and StoreError for one that changed."""

    def beside(self, subject: str) -> list[Subject]:
        """Other recordings that may be of the same moment, the nearest first; ``MOST`` of them."""

    def custody(self, subject: str) -> list[Custody]:
        """Who had it in hand, when and why, as it is on record."""

    def add_finding(self, new: FindingVersion) -> None:
        """Durable on return. Raises RevisionConflict where its number is not the next one."""

    def finding(self, finding: str) -> Sequence[FindingVersion]:
        """Every version, the oldest first. Raises NotFound."""

    def findings(self, subject: str) -> Sequence[FindingVersion]:
        """The newest version of each finding on it, the oldest finding first."""


@dataclass(frozen=True, slots=True)
class KeptClips:
    """Keeps clips, by the ids of utterances; ``read`` gives a file by its key."""

    records: Records
    read: Callable[[str], bytes]

    def about(self, subject: str) -> Subject:
        return self._subject(self.records.utterance(subject))

    def content(self, subject: str) -> bytes:
        return self.read(self.records.utterance(subject).clip)

    def beside(self, subject: str) -> list[Subject]:
        """What the household's devices heard around it."""
        clip = self.records.utterance(subject)
        near = self.records.near_in(clip.source.household, clip.heard_at, AROUND)
        others = [self._subject(each) for each in near if each.id != clip.id]
        return nearest(others, self._subject(clip))

    def custody(self, subject: str) -> list[Custody]:
        return [
            Custody(printed(each.at), each.listener, f"was given it, because: {each.why}")
            for each in self.records.playbacks(subject)
        ]

    def add_finding(self, new: FindingVersion) -> None:
        self.records.add_finding(new)

    def finding(self, finding: str) -> Sequence[FindingVersion]:
        return self.records.finding(finding)

    def findings(self, subject: str) -> Sequence[FindingVersion]:
        return self.records.findings(subject)

    def _subject(self, kept: Utterance) -> Subject:
        room = room_of(kept.source.device, self.records)
        return Subject(kept.id, kept.source, room, kept.heard_at, kept.transcript.seconds)


def nearest(others: Sequence[Subject], to: Subject) -> list[Subject]:
    """``MOST`` of them, by the clocks."""
    return sorted(others, key=lambda each: (abs(each.after(to)), each.id))[:MOST]


def printed(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
