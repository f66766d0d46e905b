"""A recogniser for tests: it is told what each recording sounds like.

A ``Script`` lists for every recording the readings a recogniser could give, with
their log-probabilities. What is then heard follows from the live lexicon by the
same rules as in a real engine, only that nothing is computed from the sound:

1. A reading without a term is always there; the best of them is the unbiased one.
2. A reading with a term is there while that term is live. A ``hidden`` one is
   there only if a misheard or spoken form of the term, put right, turns another
   reading into it: a beam search would not have found it by itself.
3. A reading with a term is believed where it scores at most ``Term.margin``
   (``MARGIN`` when that is None) nats below the unbiased one, or where that has a
   spoken form of the term. Of those the one with the term most often wins.

A recording is known by its number, which ``recording`` writes into its samples and
which survives rounding to 16 bits, added silence and being cut. A script for the number
``ANY`` is that of every recording that has none of its own, such as real speech.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from earwitness.engines import Options
from earwitness.errors import EngineError, SettingsError
from earwitness.model import SAMPLE_RATE, Hypothesis, Lexicon, Samples, Term, Transcript, Word
from earwitness.ports import Capabilities
from earwitness.speech.lexicon import check

MARGIN = 4.0
"""Nats that a reading with a term may lack where the term has no margin of its own."""

ANY = -1
_STEP = 16 / 32768


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a recording. ``term`` is the written form of a term in it.

    ``confidence`` is that of the whole and of each word; None takes it from ``logprob``.
    """

    text: str
    logprob: float
    term: str | None = None
    hidden: bool = False
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """What a recording holds: its readings, or why the recogniser fails on it."""

    readings: tuple[Reading, ...] = ()
    fails: str = ""


def recording(number: int, seconds: float = 1.0) -> Samples:
    """Loud, speech-free audio that carries ``number`` (0 to 2,000) as its level."""
    if not 0 <= number <= 2000:
        raise ValueError(f"A scripted recording has a number from 0 to 2000, not {number}.")
    level = np.float32((number + 1) * _STEP)
    signs = np.where(np.arange(round(seconds * SAMPLE_RATE)) % 2, -level, level)
    return signs.astype(np.float32)


def number_of(audio: Samples) -> int | None:
    """The number that ``recording`` wrote, or None for silence."""
    loud = np.abs(audio[np.abs(audio) > _STEP / 2])
    return round(float(np.median(loud)) / _STEP) - 1 if loud.size else None


@dataclass(frozen=True, slots=True)
class _Encoded:
    number: int | None
    seconds: float


class ScriptedEngine:
    """Implements ``ports.Engine``. ``scripts`` maps a recording's number to its script."""

    capabilities = Capabilities(lexicon=True, nbest=True, word_times=True, repeatable=True)

    def __init__(self, scripts: Mapping[int, Script], name: str = "scripted") -> None:
        self.scripts = dict(scripts)
        self.name = name
        self.model = f"scripted-{zlib.crc32(repr(sorted(scripts.items())).encode()):08x}"

    def check(self, term: Term) -> None:
        check(term)

    def prepare(self, lexicon: Lexicon) -> None:
        """Nothing to compile."""

    def encode(self, audio: Samples) -> _Encoded:
        return _Encoded(number_of(audio), len(audio) / SAMPLE_RATE)

    def decode(self, encoded: _Encoded, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        readings = self._readings(encoded.number)
        plain = _plain(readings)
        ranked = _ranked(readings, plain, lexicon)
        length = encoded.seconds if times else None
        return Transcript(
            nbest=tuple(_hypothesis(reading, length) for reading in ranked),
            engine=self.name,
            model=self.model,
            revision=lexicon.revision,
            seconds=encoded.seconds,
            confidence=_confidence(ranked[0], ranked[0].logprob),
            unbiased=_hypothesis(plain, length),
        )

    def _readings(self, number: int | None) -> tuple[Reading, ...]:
        if number is None:
            return (Reading("", 0.0),)
        script = self.scripts.get(number, self.scripts.get(ANY))
        if script is None:
            raise EngineError(f"No script for recording {number}.")
        if script.fails:
            raise EngineError(script.fails)
        return script.readings


def open_engine(options: Options) -> ScriptedEngine:
    """Scripts from the JSON file ``options.model``: ``{NUMBER: {"readings": [...]}}``.

    Each reading has the fields of ``Reading``. Raises SettingsError, which names the file.
    """
    if options.model is None:
        raise SettingsError("The engine 'scripted' needs a file of scripts as its model.")
    try:
        rows = json.loads(options.model.read_bytes())
        return ScriptedEngine({int(number): _script(**row) for number, row in rows.items()})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"{options.model}: not a file of scripts: {error}.") from error


def _script(readings: Sequence[Mapping[str, Any]] = (), fails: str = "") -> Script:
    return Script(tuple(Reading(**reading) for reading in readings), fails)


def _plain(readings: tuple[Reading, ...]) -> Reading:
    plain = [reading for reading in readings if reading.term is None]
    return max(plain, key=lambda reading: reading.logprob, default=Reading("", 0.0))


def _ranked(readings: tuple[Reading, ...], plain: Reading, lexicon: Lexicon) -> list[Reading]:
    live = {term.written: term for term in lexicon.terms.values()}
    heard = [r for r in readings if r.term is None or _found(r, readings, live)]
    believed = [r for r in heard if r.term and _is_believed(r, plain, live[r.term])]
    best = max(believed, key=lambda r: (r.text.count(r.term or ""), r.logprob), default=plain)
    rest = sorted((r for r in heard if r != best), key=lambda reading: -reading.logprob)
    return [best, *rest]


def _is_believed(reading: Reading, plain: Reading, term: Term) -> bool:
    near = plain.logprob - reading.logprob <= _margin(term)
    return near or _is_turned(plain.text, reading, term, term.spoken)


def _margin(term: Term) -> float:
    return MARGIN * term.weight if term.margin is None else term.margin


def _found(reading: Reading, readings: tuple[Reading, ...], live: Mapping[str, Term]) -> bool:
    term = live.get(reading.term or "")
    if term is None or not reading.hidden:
        return term is not None
    forms = (*term.misheard, *term.spoken)
    return any(_is_turned(r.text, reading, term, forms) for r in readings if r.term is None)


def _is_turned(text: str, reading: Reading, term: Term, forms: Sequence[str]) -> bool:
    """Whether one of the forms, put right, turns a text into the reading."""
    return any(_put_right(text, form, term) == reading.text.casefold() for form in forms)


def _put_right(text: str, form: str, term: Term) -> str:
    pattern = rf"\b{re.escape(form)}\b"
    return re.sub(pattern, lambda _: term.written, text, flags=re.IGNORECASE).casefold()


def _hypothesis(reading: Reading, length: float | None) -> Hypothesis:
    texts = reading.text.split()
    share = reading.logprob / max(len(texts), 1)
    of_term = set((reading.term or "").casefold().split())
    words = tuple(
        Word(
            text=text,
            logprobs=(share,),
            confidence=_confidence(reading, share),
            start=None if length is None else length * at / len(texts),
            end=None if length is None else length * (at + 1) / len(texts),
            term=reading.term if text.casefold().strip(".,?!") in of_term else None,
        )
        for at, text in enumerate(texts)
    )
    terms = (reading.term,) if reading.term else ()
    return Hypothesis(reading.text, words, reading.logprob, terms)


def _confidence(reading: Reading, logprob: float) -> float:
    if reading.confidence is None:
        return float(np.exp(min(logprob, 0.0)))
    return reading.confidence
