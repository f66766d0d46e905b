"""What people make of a recording that they examine: findings and blind tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FindingVersion:
    """A finding as it was written down at one time; earlier ones stay.

    ``content`` is what ``sound.finding.written`` gives. Numbers begin at 1.
    """

    finding: str
    number: int
    utterance: str
    by: str
    at: datetime
    content: str


@dataclass(frozen=True, slots=True)
class BlindTest:
    """Original and treated, to be heard by people who know nothing.

    The order in which each hears them follows from ``seed``; ``chain`` is what was done.
    """

    id: str
    finding: str
    utterance: str
    seed: bytes
    chain: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BlindAnswer:
    """What a listener wrote of one of the two, before anything was shown."""

    test: str
    listener: str
    label: str
    text: str
    at: datetime
