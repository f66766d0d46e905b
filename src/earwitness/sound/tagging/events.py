"""From a tagger's frames to events: what sounded, from when to when, how surely.

An event begins with a frame whose score reaches a category's ``start``. It goes on while
scores stay at ``keep`` or above, and over gaps of at most ``GAP_SECONDS`` (thresholding with
hysteresis, as for the edges of Canny 1986, and with a hold time).

What comes from a loudspeaker counts for less. With ``heard`` the score of the category and
``background`` the highest of ``harm.BACKGROUND`` in the same frame:

    score = heard * (1 - LOWERING * background)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError, SettingsError
from earwitness.sound.tagging.harm import BACKGROUND, CLASSES, HarmSound

Scores = NDArray[np.float32]
"""0 to 1 for every frame and class, shape ``[frames, classes]``."""

LOWERING = 0.5
"""So much of its score a sound loses at most; see docs/research/sound-events.md."""
GAP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """Scores from 0 to 1. Raises SettingsError unless 0 < ``keep`` <= ``start`` <= 1."""

    start: float
    keep: float

    def __post_init__(self) -> None:
        if not 0 < self.keep <= self.start <= 1:
            raise SettingsError(
                f"A sound cannot start at a score of {self.start} and go on at {self.keep}:"
                " give two numbers over 0 and up to 1, the second no greater than the first."
            )


DEFAULT = Threshold(0.45, 0.2)
STRICT = Threshold(0.6, 0.3)
LENIENT = Threshold(0.14, 0.07)
THRESHOLDS: Mapping[HarmSound, Threshold] = MappingProxyType(
    dict.fromkeys(HarmSound, DEFAULT)
    | dict.fromkeys(
        (HarmSound.PAIN, HarmSound.GLASS, HarmSound.GUNSHOT, HarmSound.EXPLOSION), STRICT
    )
    | {HarmSound.SCREAM: LENIENT}
)
"""Strict is what ordinary sounds are taken for: sneezes, clinking, thunder, a crackling fire.
Lenient is what neither music nor speech is taken for; docs/research/sound-events.md has the hours.
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One sound, from the start of its first frame to the end of its last, in seconds.

    ``score`` is its highest; ``label`` the class, ``heard`` the score before it was lowered
    and ``background`` what lowered it, in that same frame. The last frame of a recording is
    padded with silence, so ``end`` may lie up to a frame after it.
    """

    category: HarmSound
    label: str
    score: float
    heard: float
    background: float
    start: float
    end: float


def events(
    scores: Scores,
    classes: Sequence[str],
    hop_seconds: float,
    frame_seconds: float,
    watched: Collection[HarmSound],
    thresholds: Mapping[HarmSound, Threshold] = THRESHOLDS,
) -> tuple[Event, ...]:
    """The events of a whole recording, in order of their starts. Raises as ``EventStream``."""
    stream = EventStream(classes, hop_seconds, frame_seconds, watched, thresholds)
    found = (*stream.push(scores), *stream.end())
    return tuple(sorted(found, key=lambda event: (event.start, event.category)))


def lowered(heard: Scores, background: Scores) -> Scores:
    """What is left of scores beside a background of the same frames."""
    left: Scores = heard * (1 - np.float32(LOWERING) * background)
    return left


class EventStream:
    """Events of frames that come in pieces; the same as those of the whole.

    A category without threshold has the ``DEFAULT``. Raises SettingsError where the tagger
    knows no class of a watched category.
    """

    def __init__(
        self,
        classes: Sequence[str],
        hop_seconds: float,
        frame_seconds: float,
        watched: Collection[HarmSound],
        thresholds: Mapping[HarmSound, Threshold] = THRESHOLDS,
    ) -> None:
        self._classes = classes
        self._background = _places(classes, BACKGROUND)
        self._frames = 0
        timing = _Timing(hop_seconds, frame_seconds)
        self._watches = [
            _Watch(category, _known(classes, category), thresholds.get(category, DEFAULT), timing)
            for category in HarmSound
            if category in watched
        ]

    def push(self, scores: Scores) -> tuple[Event, ...]:
        """The events that are over now. Raises InputError for frames of another tagger."""
        if scores.ndim != 2 or scores.shape[1] != len(self._classes):
            raise InputError(
                f"Frames are [frames, {len(self._classes)}], not {list(scores.shape)}: give"
                " the scores and the classes of the same tagger."
            )
        background = scores[:, self._background].max(axis=1, initial=0.0)
        over = [each.follow(scores, background, self._frames) for each in self._watches]
        self._frames += len(scores)
        return tuple(event for part in over for event in part)

    def sounding(self) -> tuple[Event, ...]:
        """The events that have begun and are not over, as they are so far."""
        return tuple(watch.event for watch in self._watches if watch.event)

    def end(self) -> tuple[Event, ...]:
        """The events that go on to the end; the stream is over."""
        left = self.sounding()
        for watch in self._watches:
            watch.event = None
        return left


@dataclass(frozen=True, slots=True)
class _Timing:
    hop: float
    frame: float

    @property
    def gap(self) -> int:
        """Frames that may be missing in an event."""
        return int(GAP_SECONDS / self.hop)


@dataclass(slots=True)
class _Watch:
    """One category: its classes by place, and its event that goes on."""

    category: HarmSound
    classes: Mapping[int, str]
    threshold: Threshold
    timing: _Timing
    event: Event | None = None
    last: int = 0
    """The number of that event's last frame."""

    def follow(self, scores: Scores, background: Scores, first: int) -> list[Event]:
        """The events that ended; ``first`` is the number of the first of these frames."""
        over = []
        for index, frame in self._loud(scores, background, first):
            over += self._ended(index)
            if self.event or frame.score >= self.threshold.start:
                self.event = _joined(self.event, frame)
                self.last = index
        return over + self._ended(first + len(scores))

    def _loud(self, scores: Scores, background: Scores, first: int) -> Iterator[tuple[int, Event]]:
        """The frames in which an event may go on, each as an event of its own."""
        own = scores[:, list(self.classes)]
        heard, best = own.max(axis=1), own.argmax(axis=1)
        left, names = lowered(heard, background), list(self.classes.values())
        for place in np.flatnonzero(left >= np.float32(self.threshold.keep)).tolist():
            start = (first + place) * self.timing.hop
            yield (
                first + place,
                Event(
                    category=self.category,
                    label=names[best[place]],
                    score=float(left[place]),
                    heard=float(heard[place]),
                    background=float(background[place]),
                    start=start,
                    end=start + self.timing.frame,
                ),
            )

    def _ended(self, now: int) -> list[Event]:
        """The event, if it is too long ago for frame ``now`` to belong to it."""
        if self.event is None or now - self.last - 1 <= self.timing.gap:
            return []
        ended, self.event = self.event, None
        return [ended]


def _joined(event: Event | None, frame: Event) -> Event:
    if event is None:
        return frame
    if frame.score > event.score:
        return replace(frame, start=event.start)
    return replace(event, end=frame.end)


def _known(classes: Sequence[str], category: HarmSound) -> dict[int, str]:
    places = _places(classes, CLASSES[category])
    if not places:
        raise SettingsError(
            f"This tagger cannot watch for {category}: it knows none of the classes"
            f" {', '.join(CLASSES[category])}. Stop watching for it, or use another tagger."
        )
    return {place: classes[place] for place in places}


def _places(classes: Sequence[str], wanted: Collection[str]) -> list[int]:
    return [place for place, name in enumerate(classes) if name in wanted]
