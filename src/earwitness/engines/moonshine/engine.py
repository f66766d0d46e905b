"""``ports.Engine`` on the Moonshine graphs, with live terms inside the beam."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from earwitness.engines.moonshine.compiled import Compiled, Compiler
from earwitness.engines.moonshine.graphs import (
    END,
    VOCABULARY,
    Floats,
    Graphs,
    asset,
    digest,
)
from earwitness.engines.moonshine.session import (
    WIDTH,
    Last,
    Listened,
    SecondHearing,
    Session,
    Silence,
)
from earwitness.engines.moonshine.times import spoken
from earwitness.engines.moonshine.tokenizer import Tokenizer
from earwitness.engines.quiet import is_silent
from earwitness.errors import TermRefused
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript, Word
from earwitness.ports import Capabilities
from earwitness.speech.beam import Path, Scored
from earwitness.speech.biasing import Vocabulary, fold
from earwitness.speech.confidence import rated
from earwitness.speech.features import Alike, Evidence
from earwitness.speech.gate import Ear, Reading, accept, occurrences
from earwitness.speech.lexicon import check
from earwitness.speech.misheard import contains, reread
from earwitness.speech.printing import PrintedWord, printed_words
from earwitness.speech.spotting import Reach, Spotted, openness, spot

SHORTEST = 0.1
"""Seconds; the encoder needs at least 1,023 samples. Shorter audio is padded with silence."""
SESSIONS = 8
"""Clips whose decoding is kept at hand while somebody still holds them."""


class Moonshine:
    """English, 27 M parameters. See docs/design/recogniser.md for what was measured."""

    name = "moonshine"
    capabilities = Capabilities(lexicon=True, nbest=True, word_times=True, repeatable=True)

    def __init__(self) -> None:
        self.model = f"moonshine-tiny-en/{digest(asset('decoder_model_merged.ort'))[:12]}"
        self._tokenizer = Tokenizer(asset("tokenizer.bin"))
        self._graphs = Graphs()
        self._compiler = Compiler(Vocabulary(self._tokenizer.texts, END))
        self._reach = Reach()
        self._alike = Alike(self._tokenizer.texts, END)
        self._recent: deque[weakref.ref[Listened]] = deque()

    @cached_property
    def _silence(self) -> Silence:
        return Silence(self._graphs)

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
        return Listened(audio, self._graphs.encode(_long_enough(audio)), is_silent(audio))

    def frames(self, encoded: Listened) -> Floats:
        """The encoder's states, 288 wide, of two neighbours the mean: one for each 48 ms.

        Implements ``ports.ShowsFrames``. All of them tell words apart no better, for twice
        the time (docs/research/grouping.md).
        """
        states = encoded.encoded.states[0]
        pairs = states[: len(states) // 2 * 2].reshape(-1, 2, states.shape[1])
        return np.asarray(pairs.mean(axis=1), np.float32)

    def decode(self, encoded: Listened, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        if encoded.silent:
            return self._nothing(encoded, lexicon)
        compiled = self._compiler.compiled(lexicon)
        with encoded.lock:
            if encoded.last is None or self._could_differ(encoded.last, lexicon):
                encoded.last = self._decode(encoded, compiled, lexicon)
            transcript = replace(encoded.last.transcript, revision=lexicon.revision)
            if not times:
                return transcript
            return self._timed(transcript, encoded, encoded.last)

    def _nothing(self, encoded: Listened, lexicon: Lexicon) -> Transcript:
        """Asked about silence, the model makes up a word ("you"); so it is not asked."""
        empty = Hypothesis("", (), 0.0)
        made_by = self.name, self.model, lexicon.revision, encoded.seconds
        return Transcript((empty,), *made_by, unbiased=empty)

    def _decode(self, encoded: Listened, compiled: Compiled, lexicon: Lexicon) -> Last:
        session = self._session(encoded)
        open_to = np.full(VOCABULARY, -np.inf, np.float32)
        met: set[tuple[int, ...]] = set()

        def look(reading: Scored) -> list[Spotted]:
            path = session.forced(reading.tokens)
            np.maximum(open_to, openness(path, self._reach), out=open_to)
            return self._look(session, compiled, path)

        def mark(reading: Scored) -> Reading:
            met.add(reading.tokens)
            return self._mark(compiled, reading)

        again = SecondHearing(self._graphs, _long_enough(encoded.audio))
        ear = Ear(look, mark, again, lambda path: self._silence(path))
        encoded.plain = encoded.plain or session.search()
        best = session.forced(encoded.plain[0].tokens)
        plain = [Scored(best.tokens, best.logprobs), *encoded.plain[1:]]
        reading, proposed = accept(plain[0], ear)
        others = [*map(mark, plain), *proposed]
        evidence = self._evidence(session.forced(reading.path.tokens), reading)
        transcript = rated(self._transcript(encoded, lexicon, reading, others), evidence)
        texts = [self._tokenizer.decode(tokens) for tokens in met]
        spans = tuple(word.span for word in self._printed(reading))
        tokens = reading.path.tokens
        return Last(lexicon, transcript, tokens, spans, open_to.astype(np.float16), tuple(texts))

    def _timed(self, transcript: Transcript, encoded: Listened, last: Last) -> Transcript:
        """With the times of the best hypothesis' words."""
        attention = self._session(encoded).attention(last.tokens)
        spans = spoken(last.spans, attention, encoded.audio)
        words = tuple(
            replace(word, start=span.start, end=span.end)
            for word, span in zip(transcript.best.words, spans, strict=True)
        )
        best = replace(transcript.best, words=words)
        return replace(transcript, nbest=(best, *transcript.nbest[1:]))

    def _could_differ(self, last: Last, lexicon: Lexicon) -> bool:
        """Whether a term that came, went or changed since could be heard in the clip."""
        return any(
            self._could_be_heard(last, term)
            for term in self._compiler.changed(last.lexicon, lexicon)
        )

    def _could_be_heard(self, last: Last, term: Term) -> bool:
        path = self._compiler.path(term)
        moves = path.graph.root.moves(path.graph.vocabulary)
        margins = np.minimum(moves.margins, self._reach.deepest)
        return (
            bool((last.openness[moves.ids] + margins >= -0.02).any())
            or any(contains(path.misheard, text) for text in last.texts)
            or any(any(path.graph.matches(fold(" " + text))) for text in last.texts)
        )

    def _session(self, encoded: Listened) -> Session:
        session = encoded.session
        if session is None:
            session = encoded.session = Session(self._graphs, encoded.encoded, encoded.seconds)
            self._recent.append(weakref.ref(encoded))
            while len(self._recent) > SESSIONS:
                oldest = self._recent.popleft()()
                if oldest is not None:
                    oldest.session = None
        return session

    def _look(self, session: Session, compiled: Compiled, path: Path) -> list[Spotted]:
        spotted = spot(session, compiled.graph, path, self._reach)
        return [*spotted, *reread(session, compiled.misheard, path, self._tokenizer)]

    def _mark(self, compiled: Compiled, path: Scored) -> Reading:
        texts = [self._tokenizer.texts[token] for token in path.tokens]
        return Reading(path, tuple(occurrences(compiled.graph, texts)))

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

    def _evidence(self, path: Path, reading: Reading) -> Evidence:
        """What the decoder knew when it chose this reading."""
        firsts = [word.span.first for word in self._printed(reading)]
        return Evidence.of(path.rows, (*path.tokens, END), firsts, self._alike)

    def _hypothesis(self, reading: Reading) -> Hypothesis:
        logprobs = reading.path.logprobs
        words = tuple(
            Word(word.span.text, logprobs[word.span.first : word.span.last], term=word.term)
            for word in self._printed(reading)
        )
        return Hypothesis(
            " ".join(word.text for word in words),
            words,
            reading.path.score,
            tuple(term.ending.written for term in reading.terms),
        )

    def _printed(self, reading: Reading) -> list[PrintedWord]:
        return printed_words(reading.path.tokens, reading.terms, self._tokenizer)


def _long_enough(audio: Samples) -> Samples:
    short = round(SHORTEST * SAMPLE_RATE) - len(audio)
    return np.pad(audio, (0, max(short, 0))).astype(np.float32)
