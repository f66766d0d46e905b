"""``ports.Engine`` on the Moonshine graphs, with live terms inside the beam."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from earwitness.engines.moonshine.compiled import Compiled, Compiler
from earwitness.engines.moonshine.graphs import END, Clip, Encoded, Graphs, asset, digest
from earwitness.engines.moonshine.tokenizer import Tokenizer
from earwitness.errors import EngineError, TermRefused
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript, Word
from earwitness.ports import Capabilities
from earwitness.speech.beam import Cache, Floats, Path, log_softmax, search
from earwitness.speech.biasing import Vocabulary, fold
from earwitness.speech.gate import Occurrence, Reading, accept
from earwitness.speech.lexicon import check
from earwitness.speech.misheard import reread
from earwitness.speech.spotting import Reach, Spotted, spot
from earwitness.speech.words import word_spans

WIDTH = 4
SPREAD = 5.0
TOKENS_PER_SECOND = 6.5
SHORTEST = 0.1
"""Seconds; the encoder needs at least 1,023 samples. Shorter audio is padded with silence."""


@dataclass(eq=False)
class Listened:
    """One clip after the encoder; its plain readings are found once, when first needed."""

    seconds: float
    encoded: Encoded
    plain: list[Path] = field(default_factory=list)
    clip: Clip | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Steps:
    """One clip as ``speech.beam.Steps``."""

    end = END

    def __init__(self, graphs: Graphs, listened: Listened) -> None:
        self._graphs = graphs
        self._listened = listened

    def begin(self) -> tuple[Floats, Cache]:
        logits, cache, self._listened.clip = self._graphs.begin(self._listened.encoded)
        return log_softmax(logits), cache

    def step(self, cache: Cache, tokens: NDArray[np.int64]) -> tuple[Floats, Cache]:
        assert self._listened.clip is not None
        logits, cache = self._graphs.step(self._listened.clip, cache, tokens)
        return log_softmax(logits), cache


class Moonshine:
    """English, 27 M parameters. See docs/design/recogniser.md for what was measured."""

    name = "moonshine"
    capabilities = Capabilities(lexicon=True, nbest=True, word_times=False, repeatable=True)

    def __init__(self) -> None:
        self.model = f"moonshine-tiny-en/{digest(asset('decoder_model_merged.ort'))[:12]}"
        self._tokenizer = Tokenizer(asset("tokenizer.bin"))
        self._graphs = Graphs()
        self._compiler = Compiler(Vocabulary(self._tokenizer.texts, END))
        self._reach = Reach()

    def check(self, term: Term) -> None:
        check(term)
        for form in (term.written, *term.spoken):
            if not self._tokenizer.is_spelled(form):
                raise TermRefused(
                    f"{form!r} has a letter that this recogniser cannot write; "
                    "give a spelling in Latin letters."
                )

    def prepare(self, lexicon: Lexicon) -> None:
        self._compiler.compiled(lexicon)

    def encode(self, audio: Samples) -> Listened:
        if not np.isfinite(audio).all():
            raise EngineError("The audio has samples that are not numbers.")
        short = round(SHORTEST * SAMPLE_RATE) - len(audio)
        padded = np.pad(audio, (0, max(short, 0))).astype(np.float32)
        return Listened(len(audio) / SAMPLE_RATE, self._graphs.encode(padded))

    def decode(self, encoded: Listened, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        compiled = self._compiler.compiled(lexicon)
        with encoded.lock:
            steps = _Steps(self._graphs, encoded)
            plain = encoded.plain or search(
                steps, width=WIDTH, spread=SPREAD, limit=self._limit(encoded.seconds)
            )
            encoded.plain = plain
            reading, proposed = accept(
                plain[0],
                lambda path: self._look(steps, compiled, path),
                lambda path: self._mark(compiled, path),
            )
            others = [*(self._mark(compiled, path) for path in plain), *proposed]
        return self._transcript(encoded, lexicon, reading, others)

    @staticmethod
    def _limit(seconds: float) -> int:
        return int(seconds * TOKENS_PER_SECOND) + 8

    def _look(self, steps: _Steps, compiled: Compiled, path: Path) -> list[Spotted]:
        spotted = spot(steps, compiled.graph, path, self._reach)
        return [*spotted, *reread(steps, compiled.misheard, path, self._tokenizer)]

    def _mark(self, compiled: Compiled, path: Path) -> Reading:
        texts = [fold(self._tokenizer.texts[token] or "?") for token in path.tokens]
        starts = np.cumsum([0, *map(len, texts)])
        found = compiled.graph.matches("".join(texts))
        spans = [(*np.searchsorted(starts, (a, b)), ending) for a, b, ending in found]
        return Reading(path, tuple(Occurrence(e, int(a), int(b)) for a, b, e in spans))

    def _transcript(
        self, listened: Listened, lexicon: Lexicon, reading: Reading, others: Sequence[Reading]
    ) -> Transcript:
        plain = others[0].path
        ranked = sorted(others, key=lambda other: -other.path.score)
        nbest: dict[str, Hypothesis] = {}
        for candidate in (reading, *ranked):
            hypothesis = self._hypothesis(candidate)
            nbest.setdefault(hypothesis.text, hypothesis)
        return Transcript(
            tuple(nbest.values())[: 2 * WIDTH],
            self.name,
            self.model,
            lexicon.revision,
            listened.seconds,
            unbiased=self._hypothesis(Reading(plain)),
        )

    def _hypothesis(self, reading: Reading) -> Hypothesis:
        words = tuple(self._words(reading))
        return Hypothesis(
            " ".join(word.text for word in words),
            words,
            reading.path.score,
            tuple(term.ending.written for term in reading.terms),
        )

    def _words(self, reading: Reading) -> list[Word]:
        tokens, logprobs = reading.path.tokens, reading.path.logprobs
        words = []
        for span in word_spans(tokens, self._tokenizer):
            term = next((t for t in reading.terms if t.first <= span.first < t.last), None)
            scores = tuple(logprobs[span.first : span.last])
            text = _printed(span.text, term.ending.written) if term else span.text
            words.append(Word(text, scores, term=term.ending.written if term else None))
        return words


def _printed(heard: str, written: str) -> str:
    """A word of a term as it is printed: without an apostrophe that the term does not end in."""
    kept = heard.rstrip("'\u2019")
    return heard if written.endswith("'") or not kept else kept
