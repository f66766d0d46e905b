"""Whisper by faster-whisper, with a model folder on this machine; the optional extra ``whisper``.

Live terms are its ``hotwords``: written forms in the prompt, which holds about two
hundred tokens. More terms than fit are refused, never left out in silence. Where the
text has a misheard or spoken form of a term, the text with the written form is scored
on the same audio and printed if it is nearly as likely (the gate of
docs/design/loop.md, decision 5).

No model is ever downloaded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from earwitness.engines import Options
from earwitness.engines.quiet import is_silent
from earwitness.errors import EngineError, LexiconUnsupported, SettingsError, TermRefused
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript, Word
from earwitness.ports import Capabilities
from earwitness.speech.text import normalise

BEAMS = 5
MARGIN = 4.0
"""Nats that the reading with a term may lack where the term has no margin of its own."""
LONGEST_TERM = 24
"""Tokens of one term; longer ones leave no room for others."""


class FasterWhisper:
    """Implements ``ports.Engine``. ``folder`` holds a CTranslate2 Whisper model.

    Greedy fall-back temperatures are off, so the same clip gives the same text.
    """

    name = "faster_whisper"
    capabilities = Capabilities(lexicon=True, nbest=False, word_times=True, repeatable=True)

    def __init__(self, folder: Path, threads: int = 1) -> None:
        if not (folder / "model.bin").is_file():
            raise SettingsError(
                f"{folder}: no Whisper model for CTranslate2 here (model.bin is missing); "
                "set the model folder of faster_whisper."
            )
        try:
            self._whisper: Any = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads,
                local_files_only=True,
            )  # fmt: skip
        except (RuntimeError, ValueError, OSError) as error:
            raise SettingsError(f"{folder}: the Whisper model cannot be loaded: {error}") from error
        self.model = f"faster-whisper {folder.name} {_digest(folder / 'model.bin')[:12]}"
        self._tokenizer: Any = Tokenizer(
            self._whisper.hf_tokenizer, self._whisper.model.is_multilingual, "transcribe", "en"
        )
        self.room = self._whisper.max_length // 2 - 1

    def check(self, term: Term) -> None:
        if not term.key:
            raise TermRefused(f"{term.written!r}: nothing is left of it to listen for.")
        if not term.written.isprintable():
            raise TermRefused(f"{term.written!r}: it has control characters.")
        if (length := self._length(term.written)) > LONGEST_TERM:
            raise TermRefused(
                f"{term.written[:40]!r}: {length} tokens; this engine takes {LONGEST_TERM}."
            )

    def prepare(self, lexicon: Lexicon) -> None:
        """Raises LexiconUnsupported for more terms than the prompt holds."""
        length = self._length(_hotwords(lexicon) or "")
        if length > self.room:
            raise LexiconUnsupported(
                f"{self.name}: {len(lexicon.terms)} live terms are {length} tokens, "
                f"but its prompt holds {self.room}; retire some or use another engine."
            )

    def encode(self, audio: Samples) -> Samples:
        """The audio itself: the library listens again in every decoding."""
        return audio

    def decode(self, encoded: Samples, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        """Words have their own confidence only with ``times``; else that of the segment."""
        self.prepare(lexicon)
        try:
            heard = self._hear(encoded, lexicon, times)
        except RuntimeError as error:
            raise EngineError(f"{self.name} failed: {error}") from error
        return Transcript(
            nbest=(heard,),
            engine=self.name,
            model=self.model,
            revision=lexicon.revision,
            seconds=len(encoded) / SAMPLE_RATE,
            confidence=float(np.exp(min(0.0, heard.logprob))),
        )

    def _hear(self, audio: Samples, lexicon: Lexicon, times: bool) -> Hypothesis:
        segments = [] if is_silent(audio) else self._segments(audio, lexicon, times)
        words = [word for segment in segments for word in _words(segment, len(audio))]
        logprob = sum(s.avg_logprob * (len(s.tokens) + 1) for s in segments)
        words = self._put_right(audio, words, lexicon)
        live = {term.key: term.written for term in lexicon.terms.values()}
        found = [written for key, written in live.items() if _in(key, _text(words))]
        return Hypothesis(_text(words), tuple(words), float(logprob), tuple(found))

    def _segments(self, audio: Samples, lexicon: Lexicon, times: bool) -> list[Any]:
        segments, _ = self._whisper.transcribe(
            audio, language="en", beam_size=BEAMS, temperature=0.0, hotwords=_hotwords(lexicon),
            condition_on_previous_text=False, word_timestamps=times, without_timestamps=not times,
        )  # fmt: skip
        return list(segments)

    def _put_right(self, audio: Samples, words: list[Word], lexicon: Lexicon) -> list[Word]:
        """Words in which misheard forms became written ones, where the audio allows it."""
        for term, form in _forms(lexicon):
            changed = _replaced(words, form, term)
            if changed != words and self._lacks(audio, words, changed) <= _margin(term):
                words = changed
        return words

    def _lacks(self, audio: Samples, words: Sequence[Word], changed: Sequence[Word]) -> float:
        """How many nats the changed text is less likely than the text, on this audio."""
        features = self._whisper.feature_extractor(audio)[
            ..., : self._whisper.feature_extractor.nb_max_frames
        ]
        frames = features.shape[-1]
        missing = self._whisper.feature_extractor.nb_max_frames - frames
        encoded = self._whisper.encode(np.pad(features, [(0, 0), (0, missing)]))
        scores = [self._score(encoded, frames, _text(part)) for part in (words, changed)]
        return scores[0] - scores[1]

    def _score(self, encoded: Any, frames: int, text: str) -> float:
        aligned = self._whisper.model.align(
            encoded, self._tokenizer.sot_sequence, [self._tokenizer.encode(" " + text)], frames
        )
        return float(np.log(np.maximum(aligned[0].text_token_probs, 1e-10)).sum())

    def _length(self, text: str) -> int:
        return len(self._tokenizer.encode(" " + text))


def open_engine(options: Options) -> FasterWhisper:
    """Raises SettingsError where ``options.model`` is no folder with a model."""
    if options.model is None:
        raise SettingsError("The engine 'faster_whisper' needs the folder of a model.")
    return FasterWhisper(options.model, options.threads)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hotwords(lexicon: Lexicon) -> str | None:
    return ", ".join(term.written for term in lexicon.terms.values()) or None


def _words(segment: Any, samples: int) -> Iterator[Word]:
    if segment.words is None:
        share = min(0.0, segment.avg_logprob)
        yield from (Word(w, (share,), float(np.exp(share))) for w in segment.text.split())
        return
    end = samples / SAMPLE_RATE
    for word in segment.words:
        probability = float(min(max(word.probability, 1e-10), 1.0))
        yield Word(
            word.word.strip(), (float(np.log(probability)),), probability,
            min(float(word.start), end), min(float(word.end), end),
        )  # fmt: skip


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _forms(lexicon: Lexicon) -> Iterator[tuple[Term, str]]:
    for term in lexicon.terms.values():
        for form in (*term.misheard, *term.spoken):
            yield term, form


def _replaced(words: list[Word], form: str, term: Term) -> list[Word]:
    """Every stretch of words that reads ``form`` becomes the words of the term."""
    length, changed, at = len(form.split()), list[Word](), 0
    while at < len(words):
        part = words[at : at + length]
        if normalise(_text(part)) == normalise(form):
            changed += _spelled(part, term)
            at += length
        else:
            changed.append(words[at])
            at += 1
    return changed


def _spelled(part: Sequence[Word], term: Term) -> list[Word]:
    """The term's words in place of a stretch, with the least score and the time of all of it."""
    ending = re.findall(r"\W*$", part[-1].text)[0]
    lowest = min(part, key=lambda word: word.confidence)
    start, end = part[0].start, part[-1].end
    return [
        Word(text, lowest.logprobs, lowest.confidence, start, end, term.written)
        for text in (term.written + ending).split()
    ]


def _margin(term: Term) -> float:
    return MARGIN * term.weight if term.margin is None else term.margin


def _in(key: str, text: str) -> bool:
    return f" {normalise(key)} " in f" {normalise(text)} "
