"""The transcriber inside the moonshine-voice wheel, as its makers ship it: the baseline.

Greedy, one reading, no scores, no live terms, and not repeatable: it gave other text
for the same clip in another run (docs/design/recogniser.md). So it is here to be
compared with, not to be taught or to flag speech with. Its detector of speech is off,
because what an engine gets is cut already.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from threading import Lock

from moonshine_voice.errors import MoonshineError
from moonshine_voice.moonshine_api import ModelArch
from moonshine_voice.transcriber import Transcriber
from moonshine_voice.utils import get_model_path

from earwitness.engines import Options
from earwitness.engines.quiet import is_silent
from earwitness.errors import EngineError, LexiconUnsupported
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript, Word
from earwitness.ports import Capabilities

LIBRARY_OPTIONS = {"vad_threshold": "0", "vad_max_segment_duration": "64"}
"""With a threshold of 0 everything is speech: the clip is taken whole, up to 64 s."""


class MoonshineLibrary:
    """Implements ``ports.Engine`` without live terms. One clip at a time."""

    name = "moonshine_library"
    capabilities = Capabilities(lexicon=False, nbest=False, word_times=False, repeatable=False)

    def __init__(self) -> None:
        self.model = f"moonshine-voice {version('moonshine-voice')} tiny-en"
        self._lock = Lock()
        try:
            self._transcriber = Transcriber(
                get_model_path("tiny-en"), ModelArch.TINY, options=LIBRARY_OPTIONS
            )
        except (MoonshineError, OSError) as error:
            raise EngineError(f"The library of moonshine-voice cannot start: {error}") from error

    def check(self, term: Term) -> None:
        raise LexiconUnsupported(
            f"{self.name} has no live terms, so {term.written!r} changes nothing."
        )

    def prepare(self, lexicon: Lexicon) -> None:
        """Raises LexiconUnsupported for a lexicon that has a term."""
        for term in lexicon.terms.values():
            self.check(term)

    def encode(self, audio: Samples) -> Samples:
        """The library has no way to listen without decoding: the audio itself."""
        return audio

    def decode(self, encoded: Samples, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        self.prepare(lexicon)
        text = "" if is_silent(encoded) else self._text(encoded)
        heard = Hypothesis(text, tuple(Word(word, ()) for word in text.split()), 0.0)
        return Transcript(
            nbest=(heard,),
            engine=self.name,
            model=self.model,
            revision=lexicon.revision,
            seconds=len(encoded) / SAMPLE_RATE,
            unbiased=heard,
        )

    def _text(self, audio: Samples) -> str:
        try:
            with self._lock:
                found = self._transcriber.transcribe_without_streaming(audio.tolist(), SAMPLE_RATE)
        except MoonshineError as error:
            raise EngineError(f"The library of moonshine-voice failed: {error}") from error
        return _joined(line.text for line in found.lines)


def open_engine(options: Options) -> MoonshineLibrary:
    """The library takes its number of threads from nobody; limit it by CPU affinity."""
    return MoonshineLibrary()


def _joined(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())
