"""A reading as it is printed: every term in its written form.

::

    tokens    ▁Tell ▁Ser sha 's ▁cat .       "sersha" is how Saoirse is spoken
    heard     Tell  Sersha's    cat.
    printed   Tell  Saoirse's   cat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earwitness.speech.gate import Occurrence
from earwitness.speech.lexicon import plain
from earwitness.speech.words import Spelling, TokenSpan, word_spans


@dataclass(frozen=True, slots=True)
class PrintedWord:
    """One word, the tokens that it was heard in, and the written form of its term."""

    span: TokenSpan
    term: str | None = None


def printed_words(
    tokens: Sequence[int], terms: Sequence[Occurrence], spelling: Spelling
) -> list[PrintedWord]:
    """The words of a reading in order. The words of one term are as many as it is written in."""
    spans = word_spans(tokens, spelling)
    words: list[PrintedWord] = []
    for span in spans:
        term = next((t for t in terms if t.first <= span.first < t.last), None)
        if term is None:
            words.append(PrintedWord(span))
            continue
        heard = [each for each in spans if term.first <= each.first < term.last]
        if span is heard[0]:
            words += _written(term, heard)
    return words


def _written(term: Occurrence, heard: Sequence[TokenSpan]) -> Iterator[PrintedWord]:
    said = " ".join(span.text for span in heard)
    core, tail = said[: term.characters], said[term.characters :]
    words = _cased(term.ending.written, core).split()
    words[-1] += _without_stray_apostrophe(tail, words[-1])
    for text, (first, last) in zip(words, _shares(heard, len(words)), strict=True):
        yield PrintedWord(TokenSpan(text, first, last), term.ending.written)


def _cased(written: str, heard: str) -> str:
    """A form that is written in small letters takes the capitals that were heard."""
    if not written.islower():
        return written
    if plain(heard) == plain(written) and not any(map(_is_mixed, heard.split())):
        return heard
    return written[:1].upper() + written[1:] if heard[:1].isupper() else written


def _is_mixed(word: str) -> bool:
    """Capitals that nobody writes: ``deLulu`` is the seam of two tokens."""
    return not (word.isupper() or word[1:] == word[1:].lower())


def _without_stray_apostrophe(tail: str, word: str) -> str:
    """``bussin'`` for the term ``bussin`` is the recogniser's own idea; ``yeet's`` is not."""
    return tail if word.endswith("'") else re.sub(r"^['\u2019](?!\w)", "", tail)


def _shares(heard: Sequence[TokenSpan], words: int) -> Iterator[tuple[int, int]]:
    """The tokens of each word: its own where it was heard as one, otherwise an even part."""
    if words == len(heard):
        yield from ((span.first, span.last) for span in heard)
        return
    first, count = heard[0].first, heard[-1].last - heard[0].first
    for i in range(words):
        start = first + i * count // words
        yield start, max(start + 1, first + (i + 1) * count // words)
