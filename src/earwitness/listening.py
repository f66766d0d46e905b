"""What happens while somebody listens: playbacks, and reports of what must not be buried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Playback:
    """One time that the sound of a clip was given to somebody, and why they got it.

    ``seconds`` is what was given, ``played`` what their page says was heard of it, repeats
    included; None while it has said nothing. ``as_recorded``: without the guard of loudness.
    """

    id: str
    utterance: str
    listener: str
    why: str
    at: datetime
    seconds: float
    as_recorded: bool = False
    played: float | None = None


class Harm(StrEnum):
    """What kind of harm somebody thinks they heard."""

    VIOLENCE = "violence"
    CHILD = "child"
    SELF_HARM = "self_harm"
    THREAT = "threat"
    ACCIDENT = "accident"
    OTHER = "other"


class Imminence(StrEnum):
    """Whether somebody is in danger at this moment."""

    NOW = "now"
    RECENT = "recent"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Report:
    """What a listener reported of a clip, or without one, before there were cases."""

    id: str
    reporter: str
    at: datetime
    harm: Harm
    imminence: Imminence
    heard: str
    utterance: str | None = None
