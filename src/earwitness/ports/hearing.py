"""What hears: engines, detectors of speech, and whoever reads recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from earwitness.model import Lexicon, Samples, Span, Term, Transcript


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; what it cannot is an error when asked, never silence."""

    lexicon: bool
    """Honours live terms and their misheard forms."""
    nbest: bool
    word_times: bool
    repeatable: bool
    """The same audio, engine and revision give the same transcript."""


class Engine(Protocol):
    """A recogniser. Safe to call from several threads.

    Listening is split in two so that a trial can decode again without listening
    again: ``encode`` does what depends on the audio alone.
    """

    name: str
    model: str
    """Names the weights and their hash; every transcript carries it."""
    capabilities: Capabilities

    def check(self, term: Term) -> None:
        """Raises TermRefused, with the reason, where this engine cannot honour the term.

        Raises LexiconUnsupported where it has no live terms at all.
        """

    def prepare(self, lexicon: Lexicon) -> None:
        """Compiles a revision ahead, so that no utterance pays for it. Idempotent."""

    def encode(self, audio: Samples) -> Any:
        """Audio of at most ``MAX_ENGINE_SECONDS`` -> an opaque value for ``decode``."""

    def decode(self, encoded: Any, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        """The n-best with the lexicon's live terms; ``times`` asks for word times.

        Raises EngineError when the recogniser fails. Silence gives an empty text.
        """


@runtime_checkable
class ShowsFrames(Protocol):
    """An engine that shows what it made of a clip before it looked for words."""

    def frames(self, encoded: Any) -> NDArray[np.float32]:
        """``[frames, width]`` of what ``Engine.encode`` gave, evenly spread over the clip."""


class SpeechDetector(Protocol):
    """Finds speech."""

    def spans(self, audio: Samples) -> Sequence[Span]:
        """Stretches with speech, in order, not overlapping. Deterministic."""


class LiveDetector(Protocol):
    """Finds speech in many streams at once, a chunk at a time.

    What is said of a chunk depends on the chunks of its own stream since ``fresh`` alone.
    """

    chunk: int
    """Samples that are judged at a time."""

    def fresh(self) -> Any:
        """The memory of a stream that begins."""

    def probabilities(self, memories: Sequence[Any], chunks: Samples) -> Sequence[float]:
        """The next chunk of several streams, ``[streams, chunk]`` -> the probability of speech.

        Each stream's memory is brought up to date in place. Not to be called by two
        threads at once with the same memory.
        """


class AudioReader(Protocol):
    """Decodes any supported recording outside this process."""

    def read(self, path: Path) -> Samples:
        """The whole recording at ``SAMPLE_RATE``, mono.

        Raises AudioError, which names the file, for everything that cannot be
        decoded, is too long or would take too much memory or time.
        """


class ClipCodec(Protocol):
    """How a clip is kept: 16-bit lossless, in memory, no temporary file.

    ``decode(encode(audio))`` is ``audio`` rounded to 16 bits, and rounding twice
    changes nothing, so what was heard and what was kept are the same samples.
    """

    def encode(self, audio: Samples) -> bytes: ...

    def decode(self, content: bytes) -> Samples:
        """Raises AudioError for content that ``encode`` did not make."""


class LexiconSource(Protocol):
    """Where a recogniser looks before each utterance."""

    def current(self) -> Lexicon:
        """The newest published revision; a pointer read when nothing changed."""
