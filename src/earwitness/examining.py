"""What people make of a recording that they examine: findings and blind tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FindingVersion:
    """A finding as it was written down at one time; earlier ones stay.

    ``content`` is what ``sound.findings.finding.written`` gives, ``replay`` the replay file of
    what was done, empty where nothing was. Numbers begin at 1.
    """

    finding: str
    number: int
    utterance: str
    by: str
    at: datetime
    content: str
    replay: str = ""


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


@dataclass(frozen=True, slots=True)
class BlindAnswer:
    """What a listener wrote of one of the two, before anything was shown."""

    test: str
    listener: str
    label: str
    text: str
    at: datetime
