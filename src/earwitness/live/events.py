"""What a stream says to its door.

Positions are samples at ``SAMPLE_RATE`` from the stream's first one. ``until`` says
that everything before it is done with: who loses the connection goes on from there,
and hears the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.flow.hear import Answer


@dataclass(frozen=True, slots=True)
class Began:
    """Somebody speaks since ``start``."""

    start: int
    until: int


@dataclass(frozen=True, slots=True)
class Partial:
    """What an utterance sounds like so far. Later partials begin with ``stable`` too."""

    text: str
    stable: str
    until: int


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The answer to the utterance from ``start`` to ``end``.

    ``endpoint`` is the sample at which it was found to be over.
    """

    answer: Answer
    start: int
    end: int
    endpoint: int
    until: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody spoke up to ``until``."""

    until: int


@dataclass(frozen=True, slots=True)
class Shed:
    """The utterance from ``start`` to ``end`` could not be heard in time; nothing is kept.

    It is worth trying again after ``retry_after`` seconds.
    """

    start: int
    end: int
    retry_after: float
    until: int


Event = Began | Partial | Heard | Quiet | Shed
