"""What another recogniser's text says for and against each word of an answer.

Recognisers cut alike sounds into words differently: "U M N Y H six" and "UMNYH6", "dead
ass" and "deadass" agree. So where whole words differ, letters are compared, without the
spaces; a word is in the other text if its letters are, in a row, and the other text has
no letter on top at its edges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.model import Transcript
from earwitness.speech.alignment import Pair, align
from earwitness.speech.calibration import log_odds
from earwitness.speech.text import tokens, words

Floats = NDArray[np.float64]

SECOND_WORD = ("odds", "same", "same_before", "same_after", "share", "is_term")
"""Of a word: the log-odds of its confidence; whether the other text has it, and its
neighbours; the share of the words that it has; whether it is taught, since the other
recogniser may never have been told."""


def word_agreement(transcript: Transcript, second: str) -> Floats:
    """``[words, SECOND_WORD]``; at least one word."""
    same = same_words([word.text for word in transcript.best.words], second)
    odds = log_odds(np.array([word.confidence for word in transcript.best.words]))
    before, after = np.array([1.0, *same[:-1]]), np.array([*same[1:], 1.0])
    share = np.full(len(same), same.mean())
    taught = np.array([word.term is not None for word in transcript.best.words], np.float64)
    return np.column_stack([odds, same, before, after, share, taught])


def same_words(written: Sequence[str], other: str) -> Floats:
    """1 for each written word that ``other`` has in its place, else 0; ``[words]``.

    >>> same_words(["Eat", "that", "alarm."], "yeet that alarm").tolist()
    [0.0, 1.0, 1.0]
    >>> same_words("You M N Y H six".split(), "UMNYH6").tolist()
    [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    ours, theirs = tokens(" ".join(written)), words(other)
    texts = [token.text for token in ours]
    same = np.ones(len(written))
    for place in set(range(len(ours))) - set(_found(texts, theirs)):
        same[ours[place].first : ours[place].last + 1] = 0.0
    return same


def _found(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[int]:
    """The places of our words that are in theirs."""
    pairs = align(theirs, ours)
    yield from (pair.hypothesis for pair in pairs if pair.match and pair.hypothesis is not None)
    for stretch in _stretches(pairs):
        mine = [p.hypothesis for p in stretch if p.hypothesis is not None]
        other = [p.reference for p in stretch if p.reference is not None]
        if mine and other:
            letters = _found_by_letters([ours[i] for i in mine], [theirs[i] for i in other])
            yield from (mine[place] for place in letters)


def _stretches(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Runs of steps without a match."""
    stretch: list[Pair] = []
    for pair in pairs:
        if pair.match and stretch:
            yield stretch
        stretch = [] if pair.match else [*stretch, pair]
    if stretch:
        yield stretch


@dataclass(frozen=True, slots=True)
class _Letters:
    """Words without their spaces; ``edges`` are the places where one begins, and the end."""

    text: str
    edges: tuple[int, ...]

    @classmethod
    def of(cls, written: Sequence[str]) -> _Letters:
        edges = np.cumsum([0, *map(len, written)])
        return cls("".join(written).replace("o", "0"), tuple(map(int, edges)))


def _found_by_letters(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[int]:
    mine, other = _Letters.of(ours), _Letters.of(theirs)
    matches = [p for p in align(other.text, mine.text) if p.match]
    where = {p.hypothesis: p.reference for p in matches}
    edges = {*other.edges, *(p.reference for p in matches if p.reference is not None)}
    ends = {*other.edges, *(p.reference + 1 for p in matches if p.reference is not None)}
    for place in range(len(ours)):
        first, end = mine.edges[place], mine.edges[place + 1]
        at = [where.get(i) for i in range(first, end)]
        if at[0] is None or at != list(range(at[0], at[0] + len(at))):
            continue
        if at[0] in ends and at[0] + len(at) in edges:
            yield place
