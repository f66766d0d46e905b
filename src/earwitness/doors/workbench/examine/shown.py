"""What is found, as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.flow.examination import Track


@dataclass(frozen=True, slots=True)
class Sound:
    """A row of the event track; ``harm`` is the category that may mean harm, or empty."""

    label: str
    harm: str
    score: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A sound as a bar; ``row`` counts the labels from 0."""

    sound: Sound
    row: int


def rows_of(track: Track) -> list[Sound]:
    """What may mean harm first, then everything, in time."""
    harm = [
        Sound(each.label, each.category.replace("_", " "), each.score, each.start, each.end)
        for each in track.events
    ]
    return harm + [Sound(each.label, "", each.score, each.start, each.end) for each in track.tags]


def bars(track: Track) -> list[Bar]:
    sounds: Sequence[Sound] = rows_of(track)
    names = list(dict.fromkeys((each.harm, each.label) for each in sounds))
    return [Bar(each, names.index((each.harm, each.label))) for each in sounds]
