"""What people make of a recording that they examine: findings and blind tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

_APART = "~"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sealed original of a case, which is examined as a clip is."""

    case: str
    sha256: str

    @property
    def subject(self) -> str:
        """Where a clip has its id; no clip has such a one."""
        return f"{self.case}{_APART}{self.sha256}"

    @classmethod
    def of(cls, subject: str) -> Evidence | None:
        """None for a clip."""
        case, apart, sha256 = subject.partition(_APART)
        return cls(case, sha256) if apart else None


def case_of(name: str) -> str:
    """The case that a subject or a finding belongs to; empty for those of clips."""
    case, apart, _ = name.partition(_APART)
    return case if apart else ""


def named_in(case: str, name: str) -> str:
    """A finding of a case, or of a clip where there is none."""
    return f"{case}{_APART}{name}" if case else name


@dataclass(frozen=True, slots=True)
class FindingVersion:
    """A finding as it was written down at one time; earlier ones stay.

    ``content`` is what ``sound.findings.finding.written`` gives, ``replay`` the replay file of
    what was done, empty where nothing was. Numbers begin at 1. ``utterance`` is a clip, or the
    subject of evidence.
    """

    finding: str
    number: int
    utterance: str
    by: str
    at: datetime
    content: str
    replay: str = ""


@dataclass(frozen=True, slots=True)
class CalledOff:
    """That a blind test ends without a result, by whom and why."""

    test: str
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class BlindTest:
    """Original and treated, to be heard by people who know nothing.

    ``listeners`` are names of accounts; the order in which each hears the two follows from
    ``seed``. ``chain`` is what was done, ``pieces`` are the stretches that are compared, in
    seconds from where the chain begins.
    """

    id: str
    finding: str
    utterance: str
    seed: bytes
    chain: str
    pieces: tuple[tuple[float, float], ...]
    listeners: tuple[str, ...]
    by: str
    at: datetime
    called_off: CalledOff | None = None


@dataclass(frozen=True, slots=True)
class BlindAnswer:
    """What a listener wrote of one of the two, before anything was shown."""

    test: str
    listener: str
    label: str
    text: str
    at: datetime
