"""Sounds that a household wants noticed: a scream needs no words to be doubted.

What was chosen is looked for in everything that a device sends, speech or not. Where something
is found, the stretch around it is heard, kept and put into the queue as any doubted clip is;
nothing else is kept of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from earwitness.errors import InputError
from earwitness.flow.access import named
from earwitness.model import SAMPLE_RATE, Flag, Samples
from earwitness.ports import SoundRecords, SoundTagger
from earwitness.review.queue import DISTURBING
from earwitness.sound.tagging.events import GAP_SECONDS, THRESHOLDS, Event, EventStream
from earwitness.sound.tagging.harm import HarmSound
from earwitness.speech.segment import Cut, Piece

AROUND = 1.0
"""Seconds of a clip before and after what sounds: people need to hear where it comes from."""
LONGEST = 20.0
"""Seconds of a clip; what goes on for longer is more than one."""
_KEPT = round((LONGEST + 2 * AROUND) * SAMPLE_RATE)


class Choices:
    """What households watch for, as it was when it was last read."""

    def __init__(self, records: SoundRecords) -> None:
        self._records = records
        self._of: Mapping[str, frozenset[HarmSound]] = {}
        self.read()

    def read(self) -> None:
        """Reads it anew. A category that this program does not know is passed over."""
        known = {each.value: each for each in HarmSound}
        self._of = {
            household: frozenset(known[name] for name in names if name in known)
            for household, names in self._records.watched().items()
        }

    def of(self, household: str) -> frozenset[HarmSound]:
        return self._of.get(household, frozenset())


@dataclass(frozen=True, eq=False)
class Watch:
    """``tagger`` is made when it is first needed: most households watch for nothing."""

    tagger: Callable[[], SoundTagger]
    choices: Choices


def watch(
    household: str, categories: Iterable[str], by: str, now: datetime, records: SoundRecords
) -> frozenset[HarmSound]:
    """What a household watches for from now on. Raises InputError for what nobody can find."""
    asked = set(categories)
    if unknown := asked - set(HarmSound):
        raise InputError(
            f"{', '.join(sorted(unknown))}: not among the sounds that can be watched for:"
            f" {', '.join(HarmSound)}."
        )
    chosen = frozenset(map(HarmSound, asked))
    records.watch(named("household", household), chosen, by, now)
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class Noticed:
    """A sound, and the stretch of the recording around it."""

    events: tuple[Event, ...]
    piece: Piece


def flag(event: Event, before: float = 0.0) -> Flag:
    """Why the clip waits; times from ``before``, where the clip begins."""
    threshold = THRESHOLDS[event.category].start
    start, end = event.start - before, event.end - before
    reason = (
        f"{event.category.replace('_', ' ')} ({event.label}) {event.score:.2f} >= {threshold:g}"
    )
    if event.score < event.heard:
        reason += f", {event.heard:.2f} less what plays in the background"
    return Flag(
        DISTURBING, event.score, threshold, f"{reason}, {start:.1f} to {end:.1f} s", start, end
    )


class Ear:
    """Listens to one stream for what its household watches for."""

    def __init__(self, tagger: SoundTagger, watched: frozenset[HarmSound]) -> None:
        self._frames = tagger.stream()
        self._events = EventStream(
            tagger.classes, tagger.hop_seconds, tagger.frame_seconds, watched
        )
        self._sound = np.zeros(0, np.float32)
        self._first = 0
        self._over: list[Event] = []
        self._goes_on: dict[HarmSound, float] = {}

    def push(self, samples: Samples) -> list[Noticed]:
        """What was noticed and is over, with a little of what followed."""
        self._sound = np.concatenate([self._sound, samples])
        self._add(self._events.push(self._frames.push(samples)))
        self._cut_what_goes_on()
        noticed = self._noticed(self._end / SAMPLE_RATE - AROUND)
        self._forget()
        return noticed

    def end(self) -> list[Noticed]:
        """What sounded up to the end."""
        self._add((*self._events.push(self._frames.end()), *self._events.end()))
        return self._noticed(np.inf)

    @property
    def _end(self) -> int:
        return self._first + len(self._sound)

    def _add(self, events: Iterable[Event]) -> None:
        for event in events:
            before = self._goes_on.get(event.category, -np.inf)
            if event.start <= before + GAP_SECONDS:
                self._goes_on[event.category] = event.end
            else:
                self._over.append(event)

    def _cut_what_goes_on(self) -> None:
        """An alarm that sounds for an hour is noticed after seconds, and once."""
        if any(each.end - each.start >= LONGEST for each in self._events.sounding()):
            cut = self._events.end()
            self._add(cut)
            self._goes_on |= {event.category: event.end for event in cut}

    def _noticed(self, until: float) -> list[Noticed]:
        ready = sorted((e for e in self._over if e.end <= until), key=lambda e: e.start)
        self._over = [event for event in self._over if event.end > until]
        return [Noticed(tuple(group), self._around(group)) for group in _together(ready)]

    def _around(self, group: Sequence[Event]) -> Piece:
        start = max(self._first / SAMPLE_RATE, group[0].start - AROUND)
        end = min(self._end / SAMPLE_RATE, max(each.end for each in group) + AROUND)
        first, last = (round(at * SAMPLE_RATE) - self._first for at in (start, end))
        return Piece(Cut(start, end), self._sound[first:last].copy())

    def _forget(self) -> None:
        spare = len(self._sound) - _KEPT
        if spare > 0:
            self._sound, self._first = self._sound[spare:], self._first + spare


def _together(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Those that sound at once are one clip, as long as it is no longer than the longest."""
    group: list[Event] = []
    for event in events:
        if group and (
            event.start > max(each.end for each in group) + AROUND
            or event.end - group[0].start > LONGEST
        ):
            yield group
            group = []
        group.append(event)
    if group:
        yield group
