"""What settles a clip of the backlog unheard: one rule, for the forecast and for the deed.

And what settles one of a group in which humans heard the term: the same rule, but for what
they vouch for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod

from earwitness.flow.readings import Clip, Readings
from earwitness.flow.scope import Scoped
from earwitness.model import Flag, Hypothesis, Span, Term, Transcript, Word
from earwitness.speech.alignment import occurrences
from earwitness.speech.likeness import doubtful
from earwitness.speech.text import tokens, words

Doubts = Callable[[Clip, Transcript], Sequence[Flag]]
"""The flags that a new reading of a clip still gets, the audit sample aside."""

SHARED = 0.5
"""Of the shorter of two places, what the other must share to be the same: times are
not exact, and the word next to it only touches it."""


def settles(
    term: Term, clip: Clip, scoped: Scoped, after: Transcript, readings: Readings, doubts: Doubts
) -> bool:
    """Whether a kept clip in which the term is read ``after``wards needs no listener.

    So where nothing in that reading is doubted, and every place that was doubted is one
    where a word stands that was not known before: beside a word that was learned, others
    may now be read surely and still be wrong. Raises as ``Readings``.
    """
    if doubts(clip, after):
        return False
    doubted = list(_doubted(clip.flags))
    return not doubted or _cover(list(_learned(term, clip, scoped, readings)), doubted)


def settles_confirmed(
    term: Term, clip: Clip, scoped: Scoped, readings: Readings, doubts: Doubts
) -> Transcript | None:
    """The reading that settles a clip of a confirmed group; None where it still needs a listener.

    Humans heard the term where clips like this one were doubtful. So where the reading has it
    at such a place, its words there are taken for sure; whatever else is doubted, and every
    other place that was, must be answered as in ``settles``. Raises as ``Readings``.
    """
    after = readings.timed(clip, scoped)
    vouched = list(_vouched(term, clip, after))
    if not vouched or doubts(clip, _sure_of(vouched, after)):
        return None
    doubted = list(_doubted(clip.flags))
    answered = not doubted or _cover(list(_learned(term, clip, scoped, readings)), doubted)
    return after if answered else None


def _vouched(term: Term, clip: Clip, after: Transcript) -> Iterator[Span]:
    """Where the term stands in a stretch for which the clip was likened to the others."""
    stretches = doubtful(clip.heard, clip.flags) if clip.heard else ()
    for place in places(after.best, term.written):
        if any(_same(place, stretch) for stretch in stretches):
            yield place


def _sure_of(vouched: Sequence[Span], after: Transcript) -> Transcript:
    """With no doubt left in some places: an answer's confidence is the product of its words'."""
    words = tuple(
        replace(word, confidence=1.0) if _within(word, vouched) else word
        for word in after.best.words
    )
    nbest = (replace(after.best, words=words), *after.nbest[1:])
    confidence = prod(word.confidence for word in words)
    return replace(after, nbest=nbest, confidence=max(after.confidence, confidence))


def _within(word: Word, spans: Sequence[Span]) -> bool:
    if word.start is None or word.end is None:
        return False
    return any(span.start <= word.start and word.end <= span.end for span in spans)


def _doubted(flags: Sequence[Flag]) -> Iterator[Span]:
    """Where an earlier reading was doubted. A flag of the whole utterance has no place."""
    for flag in flags:
        if flag.start is not None and flag.end is not None:
            yield Span(flag.start, flag.end)


def _learned(term: Term, clip: Clip, scoped: Scoped, readings: Readings) -> Iterator[Span]:
    """Where the term, or another that was not heard before, stands; nothing without times."""
    best = readings.timed(clip, scoped).best
    before = clip.heard.best.terms if clip.heard else ()
    for written in {term.written} | ({*best.terms} - {*before}):
        yield from places(best, written)


def places(reading: Hypothesis, written: str) -> Iterator[Span]:
    """When each occurrence of some words is said, as far as the times are known.

    >>> from earwitness.model import Word
    >>> said = tuple(Word(text, (), start=at, end=at + 1.0) for at, text in enumerate("abc"))
    >>> list(places(Hypothesis("a b c", said, 0.0), "b c"))
    [Span(start=1, end=3.0)]
    """
    found = tokens(reading.text)
    for first, last in occurrences([token.text for token in found], words(written)):
        start = reading.words[found[first].first].start
        end = reading.words[found[last - 1].last].end
        if start is not None and end is not None:
            yield Span(start, end)


def _cover(learned: Sequence[Span], doubted: Sequence[Span]) -> bool:
    return all(any(_same(place, known) for known in learned) for place in doubted)


def _same(one: Span, other: Span) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared >= SHARED * min(one.end - one.start, other.end - other.start)
