"""What clips sound like under a lexicon, remembered, so that a trial is quick.

An encoding depends on the audio alone and serves every revision; a reading serves
one. Both are kept within bounds, in memory, for clips that are on disk already.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from earwitness.flow.scope import Scoped
from earwitness.model import Flag, Lexicon, Samples, Source, Transcript
from earwitness.ports import Engine


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording that a trial may decode.

    ``text`` is what a human says was said; None while nobody has listened.
    ``heard`` is an earlier reading under whatever revision, where there is one, and
    ``flags`` are what it was doubted for.
    """

    id: str
    seconds: float
    read: Callable[[], Samples] = field(repr=False)
    source: Source = field(default_factory=Source)
    text: str | None = None
    heard: Transcript | None = None
    flags: tuple[Flag, ...] = ()

    def texts(self) -> list[str]:
        """What was said or may have been said, best guess first."""
        readings = self.heard.nbest[:2] if self.heard else ()
        return [*([self.text] if self.text else []), *(reading.text for reading in readings)]


class Readings:
    """Encodings of at most ``seconds`` of audio, readings of at most ``clips`` clips."""

    def __init__(self, engine: Engine, seconds: float = 300.0, clips: int = 4000) -> None:
        self.engine = engine
        self._seconds = seconds
        self._clips = clips
        self._lock = threading.Lock()
        self._encoded: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self._read: OrderedDict[tuple[str, Source], tuple[Lexicon, Transcript]] = OrderedDict()

    def read(self, clip: Clip, scoped: Scoped) -> Transcript:
        """The clip as it is heard with that lexicon. Raises EngineError, AudioError, NotFound."""
        with self._lock:
            lexicon, transcript = self._read.get((clip.id, clip.source), (None, None))
        if transcript is None or lexicon is not scoped.lexicon:
            transcript = self._as_kept(clip, scoped) or self.try_out(clip, scoped)
            self._remember(clip, scoped.lexicon, transcript)
        return transcript

    def try_out(self, clip: Clip, scoped: Scoped) -> Transcript:
        """As ``read``, for a candidate lexicon: the reading is not remembered."""
        return self.engine.decode(self._encode(clip), scoped.of(clip.source))

    def timed(self, clip: Clip, scoped: Scoped) -> Transcript:
        """As ``try_out``, with the time of each word where the recogniser knows it."""
        times = self.engine.capabilities.word_times
        return self.engine.decode(self._encode(clip), scoped.of(clip.source), times=times)

    def at_hand(self, clip: Clip) -> bool:
        """Whether the clip was listened to already, so that decoding it costs little."""
        with self._lock:
            return clip.id in self._encoded

    def has_room(self, clip: Clip) -> bool:
        """Whether the clip can be listened to without forgetting another."""
        with self._lock:
            held = sum(seconds for seconds, _ in self._encoded.values())
            return clip.id in self._encoded or held + clip.seconds <= self._seconds

    def _as_kept(self, clip: Clip, scoped: Scoped) -> Transcript | None:
        """What was heard when the clip came in, where it would be heard the same now."""
        heard, engine = clip.heard, self.engine
        if heard is None or not engine.capabilities.repeatable:
            return None
        same = (heard.model, heard.revision) == (engine.model, scoped.lexicon.revision)
        return heard if same else None

    def _encode(self, clip: Clip) -> Any:
        with self._lock:
            if clip.id in self._encoded:
                self._encoded.move_to_end(clip.id)
                return self._encoded[clip.id][1]
        encoded = self.engine.encode(clip.read())
        with self._lock:
            self._encoded[clip.id] = (clip.seconds, encoded)
            self._make_room()
        return encoded

    def _make_room(self) -> None:
        held = sum(seconds for seconds, _ in self._encoded.values())
        while held > self._seconds and len(self._encoded) > 1:
            _, (seconds, _) = self._encoded.popitem(last=False)
            held -= seconds

    def _remember(self, clip: Clip, lexicon: Lexicon, transcript: Transcript) -> None:
        with self._lock:
            self._read[clip.id, clip.source] = (lexicon, transcript)
            self._read.move_to_end((clip.id, clip.source))
            while len(self._read) > self._clips:
                self._read.popitem(last=False)
