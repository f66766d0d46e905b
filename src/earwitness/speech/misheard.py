"""Misheard forms: what the recogniser wrote where a human heard the term.

A misheard form never rewrites by itself. Where a reading contains one, the same
reading with the written form instead is scored by the recogniser on the same
audio, and has to pass the gate (``speech.gate``) like any other reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from earwitness.speech.beam import Path, Scored, Steps, upto
from earwitness.speech.biasing import Ending
from earwitness.speech.lexicon import plain
from earwitness.speech.spotting import Spotted
from earwitness.speech.words import Spelling, TokenSpan, word_spans

PUNCTUATION = '.,?!;:)"\u2026\u201d'


@dataclass(frozen=True, slots=True)
class MisheardForms:
    """Misheard forms of all live terms, by their first word. Never changed in place."""

    by_first: Mapping[str, tuple[tuple[tuple[str, ...], Ending], ...]] = field(default_factory=dict)

    def changed(self, put: Sequence[tuple[str, Ending]], dropped: set[str]) -> MisheardForms:
        """A copy without the forms of the terms ``dropped`` (keys), with those ``put``."""
        forms = {
            first: tuple(pair for pair in pairs if pair[1].key not in dropped)
            for first, pairs in self.by_first.items()
        }
        for form, ending in put:
            words = tuple(word for word in map(bare, form.split()) if word)
            forms[words[0]] = (*forms.get(words[0], ()), (words, ending))
        return MisheardForms({first: pairs for first, pairs in forms.items() if pairs})

    def within(self, spans: Sequence[TokenSpan]) -> Iterator[tuple[int, int, Ending]]:
        """(first word, word after the last, ending) of every form that a reading contains."""
        words = [bare(span.text) for span in spans]
        for i, word in enumerate(words):
            for form, ending in self.by_first.get(word, ()):
                if tuple(words[i : i + len(form)]) == form:
                    yield i, i + len(form), ending


def contains(forms: MisheardForms, text: str) -> bool:
    """Whether a text has one of the forms, word by word."""
    spans = [TokenSpan(word, 0, 0) for word in text.split()]
    return any(True for _ in forms.within(spans))


def bare(word: str) -> str:
    """A word of a reading as forms are compared: small letters, outer punctuation gone."""
    return plain(word).strip(PUNCTUATION + "'(\u201c")


def reread(model: Steps, forms: MisheardForms, path: Path, spelling: Spelling) -> list[Spotted]:
    """The readings that ``path`` becomes when a misheard form is put right, best first."""
    spans = word_spans(path.tokens, spelling)
    found = [
        _put_right(model, path, spans[a:b], ending, spelling)
        for a, b, ending in forms.within(spans)
    ]
    return sorted(found, key=lambda spotted: -spotted.path.score)


def _put_right(
    model: Steps, path: Path, span: Sequence[TokenSpan], ending: Ending, spelling: Spelling
) -> Spotted:
    first, last = span[0].first, span[-1].last
    written = ending.written
    if span[0].text[0].isupper() and _starts_sentence(path, first, spelling):
        written = written[0].upper() + written[1:]
    tail = span[-1].text[len(span[-1].text.rstrip(PUNCTUATION)) :]
    rest = [*spelling.encode(written + tail), *path.tokens[last:]]
    return Spotted(rescored(model, path, first, rest), ending)


def _starts_sentence(path: Path, at: int, spelling: Spelling) -> bool:
    before = spelling.texts[path.tokens[at - 1]] if at else "."
    return (before or "").endswith((".", "?", "!"))


def rescored(model: Steps, path: Path, at: int, rest: Sequence[int]) -> Scored:
    """``path`` up to token ``at``, then ``rest``, scored in one call."""
    out, _ = model.step(upto(path.cache, at), np.array([rest], np.int64))
    spelled = zip([path.rows[at], *out[0]], [*rest, model.end], strict=True)
    logprobs = [float(row[token]) for row, token in spelled]
    return Scored((*path.tokens[:at], *rest), (*path.logprobs[:at], *logprobs))
