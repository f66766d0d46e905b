"""What settles a clip of the backlog unheard: one rule, for the forecast and for the deed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from earwitness.flow.readings import Clip, Readings
from earwitness.flow.scope import Scoped
from earwitness.model import Flag, Hypothesis, Span, Term, Transcript
from earwitness.speech.alignment import occurrences
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
