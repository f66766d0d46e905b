"""One clip while it is being decoded: what ``speech`` asks of a recogniser."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from earwitness.engines.moonshine.graphs import END, Clip, Encoded, Graphs
from earwitness.model import SAMPLE_RATE, Lexicon, Samples, Transcript
from earwitness.speech.beam import Cache, Floats, Path, Scored, forced, log_softmax, search
from earwitness.speech.words import TokenSpan

WIDTH = 4
SPREAD = 5.0
TOKENS_PER_SECOND = 6.5
LATER = 0.1
"""Seconds of silence before a clip in its second hearing."""


@dataclass(frozen=True, slots=True)
class Last:
    """What was decoded last, and what would have to change for another answer.

    ``tokens`` spell the transcript's best hypothesis, ``spans`` its words. ``openness``
    float16 ``[vocabulary]``: how many nats above the floor of the search (without margin)
    each token came as a term's first (``speech.spotting``). ``texts`` are all readings
    that were met.
    """

    lexicon: Lexicon
    transcript: Transcript
    tokens: tuple[int, ...]
    spans: tuple[TokenSpan, ...]
    openness: NDArray[np.float16]
    texts: tuple[str, ...]


@dataclass(eq=False)
class Listened:
    """One clip after the encoder. Small enough to keep many of, for trials.

    ``plain`` are the readings without any term, best first; found once, when needed.
    """

    audio: Samples
    encoded: Encoded
    silent: bool = False
    plain: tuple[Scored, ...] = ()
    last: Last | None = None
    session: Session | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def seconds(self) -> float:
        return len(self.audio) / SAMPLE_RATE


class Session:
    """Implements ``speech.beam.Steps``; keeps what the decoder made of the clip so far."""

    end = END

    def __init__(self, graphs: Graphs, encoded: Encoded, seconds: float) -> None:
        self._graphs = graphs
        self._encoded = encoded
        self._limit = int(seconds * TOKENS_PER_SECOND) + 8
        self._begun: tuple[Floats, Cache, Clip] | None = None
        self._forced: Path | None = None

    def begin(self) -> tuple[Floats, Cache]:
        logprobs, cache, _ = self._start()
        return logprobs, cache

    def step(self, cache: Cache, tokens: NDArray[np.int64]) -> tuple[Floats, Cache]:
        logits, cache = self._graphs.step(self._start()[2], cache, tokens)
        return log_softmax(logits), cache

    def search(self) -> tuple[Scored, ...]:
        """What is heard without any term, best first."""
        return tuple(search(self, width=WIDTH, spread=SPREAD, limit=self._limit))

    def forced(self, tokens: tuple[int, ...]) -> Path:
        """A reading scored as a whole; the last one is kept at hand."""
        if self._forced is None or self._forced.tokens != tokens:
            self._forced = forced(self, tokens)
        return self._forced

    def attention(self, tokens: tuple[int, ...]) -> Floats:
        """Where the decoder looks in a reading, ``[tokens + 1, frames]``, its end included."""
        _, cache, clip = self._start()
        return self._graphs.attention(clip, cache, np.array([[*tokens, END]], np.int64))

    def _start(self) -> tuple[Floats, Cache, Clip]:
        if self._begun is None:
            logits, cache, clip = self._graphs.begin(self._encoded)
            self._begun = log_softmax(logits), cache, clip
        return self._begun


class SecondHearing:
    """The same clip a moment later in the window; listened to only if somebody asks."""

    def __init__(self, graphs: Graphs, audio: Samples) -> None:
        self._graphs = graphs
        self._audio = audio
        self._session: Session | None = None
        self._known: dict[tuple[int, ...], float] = {}

    def __call__(self, path: Scored) -> float:
        """The log-probability of a reading."""
        if path.tokens not in self._known:
            self._known[path.tokens] = self._heard().forced(path.tokens).score
        return self._known[path.tokens]

    def _heard(self) -> Session:
        if self._session is None:
            later = np.pad(self._audio, (round(LATER * SAMPLE_RATE), 0))
            seconds = len(later) / SAMPLE_RATE
            self._session = Session(self._graphs, self._graphs.encode(later), seconds)
        return self._session


class Silence:
    """Nothing to hear, of which the recogniser makes up what it has read most."""

    def __init__(self, graphs: Graphs) -> None:
        silence = np.zeros(SAMPLE_RATE, np.float32)
        self._session = Session(graphs, graphs.encode(silence), 1.0)

    def __call__(self, path: Scored) -> float:
        """The log-probability of a reading. Of silence the length makes no difference."""
        return forced(self._session, path.tokens).score
