"""A sound under examination: read as the original that it is, treated, looked at."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from earwitness.errors import AudioError, EngineError, NotFound, StoreError
from earwitness.flow.subjects import Custodian
from earwitness.flow.treating import Original, Result, Workshop, treat
from earwitness.model import SAMPLE_RATE
from earwitness.ports import Records, SoundTagger
from earwitness.sound import chain as chains
from earwitness.sound.chain import Chain
from earwitness.sound.integrity import checks as integrity
from earwitness.sound.integrity.observation import Observation
from earwitness.sound.recording import Recording
from earwitness.sound.tagging.events import Event, events
from earwitness.sound.tagging.harm import HarmSound
from earwitness.sound.tagging.tags import Tag, tags

T = TypeVar("T")
MOST_KEPT = 64 << 20
"""Bytes of samples that a bench holds at once."""
MOST_ASKING = 1000
"""People, each with one sound, of whom a bench knows what they asked for last."""


@dataclass(frozen=True, eq=False)
class Examining:
    """What examining sounds needs from outside.

    ``custodian`` has the sounds, by the ids of their subjects. ``read`` decodes a file's bytes
    from one moment to another, in seconds, and raises AudioError; ``written`` is a file of a
    recording, the same bytes for the same samples.
    """

    records: Records
    custodian: Custodian
    read: Callable[[bytes, float, float | None], Recording]
    written: Callable[[Recording], bytes]
    workshop: Callable[[], Workshop]
    tagger: Callable[[], SoundTagger]


def content(subject: str, on: Examining) -> bytes:
    """The file of a sound as it is kept. Raises NotFound, and AudioError for a changed one."""
    try:
        return on.custodian.content(subject)
    except NotFound:
        raise
    except StoreError as error:
        raise AudioError(
            "The original is not what it was: it has another SHA-256 than that under which it is"
            " kept. Nothing can be concluded from it; put back a copy that has the right one."
        ) from error


def original(subject: str, on: Examining, stretch: tuple[float, float] | None = None) -> Original:
    """The stretch that a chain asks for, or all of it. Raises as ``content``, and AudioError."""
    kept = content(subject, on)
    start, end = stretch or (0.0, None)
    return Original(hashlib.sha256(kept).hexdigest(), on.read(kept, start, end))


def integrity_of(subject: str, on: Examining) -> tuple[Observation, ...]:
    """What the original itself shows. Raises as ``original``."""
    kept = content(subject, on)
    return integrity.check(kept, on.read(kept, 0.0, None))


@dataclass(frozen=True, slots=True)
class Track:
    """What sounds in it. ``tagger`` is empty, and ``missing`` says why, without a model."""

    tagger: str
    events: Sequence[Event] = ()
    tags: Sequence[Tag] = ()
    missing: str = ""


def track(subject: str, on: Examining) -> Track:
    """Every category that may mean harm, whatever the household watches for, and every class."""
    recording = original(subject, on).recording
    if recording.rate != SAMPLE_RATE:
        return Track("", missing=f"Sounds are told apart at {SAMPLE_RATE} Hz alone.")
    try:
        tagger = on.tagger()
    except EngineError as error:
        return Track("", missing=str(error))
    scores = tagger.scores(recording.mono())
    how = (tagger.classes, tagger.hop_seconds, tagger.frame_seconds)
    return Track(tagger.name, events(scores, *how, watched=tuple(HarmSound)), tags(scores, *how))


@dataclass(frozen=True, eq=False)
class Piece:
    """A chain that was run on a subject. ``key`` names both."""

    key: str
    subject: str
    original: Original
    result: Result

    @property
    def size(self) -> int:
        before, after = self.original.recording, self.result.treated.recording
        return before.samples.nbytes + after.samples.nbytes


class Bench:
    """Runs chains, one at a time, and keeps the last results, so that they are heard and seen
    without running them again. Safe to share between threads.
    """

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._lock, self._running = threading.Lock(), threading.Lock()
        self._alone = threading.Lock()
        self._kept: OrderedDict[str, Piece] = OrderedDict()
        self._asked: OrderedDict[str, int] = OrderedDict()

    def alone(self, work: Callable[[], T]) -> T:
        """Long work, while nothing else that is done like this is going on in this process."""
        with self._alone:
            return work()

    def asked(self, who: str) -> int:
        """A number for what somebody asks for now; what they asked for before is given up."""
        with self._lock:
            number = self._asked.pop(who, 0) + 1
            self._asked[who] = number
            while len(self._asked) > MOST_ASKING:
                self._asked.popitem(last=False)
        return number

    def treated(
        self, subject: str, chain: Chain, on: Examining, asked: tuple[str, int] | None = None
    ) -> Piece:
        """The result. ``asked`` is who asks, and the number that ``asked`` gave.

        Raises Stopped once the same one asks for something else, and what ``sound.chain.run``
        and ``original`` raise.
        """
        before = original(subject, on, chain.stretch)
        key = _key(subject, before.sha256, chain)
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        with self._running:
            made = treat(before, chain, on.workshop(), stop=lambda: self.is_late(asked))
        return self._keep(Piece(key, subject, before, made))

    def kept(self, key: str, subject: str) -> Piece:
        """Raises NotFound where it was forgotten, or is of another sound."""
        with self._lock:
            found = self._kept.get(key)
        if found is None or found.subject != subject:
            raise NotFound("This treated version is not held any more; it has to be made again.")
        return found

    def _keep(self, piece: Piece) -> Piece:
        """What was asked for least lately goes first; the newest stays, however large."""
        with self._lock:
            self._kept[piece.key] = piece
            self._kept.move_to_end(piece.key)
            while len(self._kept) > 1 and self._size() > self._most_kept:
                self._kept.popitem(last=False)
        return piece

    def _size(self) -> int:
        return sum(each.size for each in self._kept.values())

    def is_late(self, asked: tuple[str, int] | None) -> bool:
        """Whether the same one has asked for something else since, or cancelled it."""
        return asked is not None and self._asked.get(*asked) != asked[1]


def _key(subject: str, sha256: str, chain: Chain) -> str:
    named = f"{subject}\n{sha256}\n{chains.written(chain)}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]
