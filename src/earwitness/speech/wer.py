"""Word errors inside and outside of taught terms, and how sure the figures are.

Definitions of Le et al. 2021, "Contextualized Streaming End-to-End Speech
Recognition with Trie-Based Deep Biasing and Shallow Fusion", section 4.2, as their
published scorer counts them: B-WER over the reference words that belong to the
utterance's own terms, U-WER over all others; an inserted word counts to B-WER if it
is one of those terms, else to U-WER. Two differences: a term of several words is
biased only where it stands as a whole ("no" alone is no part of "no cap"), and the
alignment has unit costs, so that WER is that of ``jiwer``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earwitness.model import Interval
from earwitness.speech.alignment import align, edits, occurrences
from earwitness.speech.text import words

RESAMPLES = 1_000
CONFIDENCE = 0.95
RULE_OF_THREE = 3.0
"""Upper 95 % limit of the events expected where none was seen (Hanley & Lippman-Hand 1983)."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Counts of one utterance; sums of them are counts of many.

    ``said`` are the occurrences of the utterance's own terms in the reference,
    ``heard`` how many of them the hypothesis has, ``false_accepts`` the occurrences
    of live terms that the hypothesis has and the reference has not.
    """

    words: int
    errors: int
    biased_words: int
    biased_errors: int
    said: int
    heard: int
    false_accepts: int

    @property
    def other_words(self) -> int:
        return self.words - self.biased_words

    @property
    def other_errors(self) -> int:
        return self.errors - self.biased_errors


class LiveTerms:
    """Many terms, to be found in a text in time that depends on the text alone."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._by_first: dict[str, set[tuple[str, ...]]] = {}
        for term in terms:
            spelled = words(term)
            if spelled:
                self._by_first.setdefault(spelled[0], set()).add(spelled)

    def in_text(self, text: Sequence[str]) -> set[tuple[str, ...]]:
        """The terms that stand in a text of compared words."""
        return {
            term
            for place, word in enumerate(text)
            for term in self._by_first.get(word, ())
            if tuple(text[place : place + len(term)]) == term
        }


def score(
    reference: str, hypothesis: str, own: Iterable[str] = (), live: LiveTerms | None = None
) -> Errors:
    """Counts of one utterance.

    ``own`` are the terms of this utterance (B-WER and recall are about them),
    ``live`` all terms that the recogniser knew; without it ``own`` are all.
    """
    said, heard = words(reference), words(hypothesis)
    terms = {words(term) for term in own} - {()}
    pairs = align(said, heard)
    biased_said, biased_heard = _covered(said, terms), _covered(heard, terms)
    biased = [
        pair
        for pair in pairs
        if (
            pair.reference in biased_said
            if pair.reference is not None
            else pair.hypothesis in biased_heard
        )
    ]
    return Errors(
        words=len(said),
        errors=edits(pairs),
        biased_words=len(biased_said),
        biased_errors=edits(biased),
        said=sum(_count(said, term) for term in terms),
        heard=sum(min(_count(said, term), _count(heard, term)) for term in terms),
        false_accepts=_false_accepts(said, heard, terms, live),
    )


def _false_accepts(
    said: Sequence[str],
    heard: Sequence[str],
    own: set[tuple[str, ...]],
    live: LiveTerms | None,
) -> int:
    found = (live.in_text(heard) if live else set()) | own
    return sum(max(0, _count(heard, term) - _count(said, term)) for term in found)


def _count(text: Sequence[str], term: Sequence[str]) -> int:
    return len(occurrences(text, term))


def _covered(text: Sequence[str], terms: Iterable[Sequence[str]]) -> set[int]:
    return {
        place
        for term in terms
        for start, end in occurrences(text, term)
        for place in range(start, end)
    }


# --- figures with intervals ---------------------------------------------------


def ratio(
    numerators: ArrayLike, denominators: ArrayLike, *, seed: int = 0, share: bool = False
) -> Interval | None:
    """The sum of numerators over the sum of denominators, with its 95 % interval.

    Both have shape ``[utterances]``. The interval is the percentile bootstrap over
    utterances (Efron 1979; Bisani & Ney 2004 for word errors), repeatable by seed.
    Where nothing was counted, or everything in a ``share``, all resamples are equal
    and the rule of three gives the open end. None where there is nothing to divide by.
    """
    above, below = _counts(numerators), _counts(denominators)
    if below.sum() <= 0:
        return None
    value = float(above.sum() / below.sum())
    low, high = _interval(_resampled(above, below, seed))
    slack = RULE_OF_THREE / float(below.sum())
    if value == 0:
        high = min(slack, 1.0) if share else slack
    if share and value == 1:
        low = max(0.0, 1 - slack)
    return Interval(value, low, high)


def difference(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], *, seed: int = 0
) -> Interval | None:
    """Second ratio minus first, of the same utterances, with a paired 95 % interval."""
    (a, b), (c, d) = (map(_counts, pair) for pair in (first, second))
    if min(b.sum(), d.sum()) <= 0:
        return None
    changes = _resampled(c, d, seed) - _resampled(a, b, seed)
    return Interval(float(c.sum() / d.sum() - a.sum() / b.sum()), *_interval(changes))


def resamples(count: int, seed: int = 0) -> NDArray[np.int64]:
    """How often each of ``count`` utterances is drawn: ``[RESAMPLES, count]``, same by seed."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)


def _resampled(
    above: NDArray[np.float64], below: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """The ratio in every resample, nan where it drew nothing to divide by."""
    drawn = resamples(len(above), seed)
    totals = drawn @ below
    return np.asarray(
        np.divide(drawn @ above, totals, out=np.full(RESAMPLES, np.nan), where=totals > 0)
    )


def _interval(changes: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.nanquantile(changes, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _counts(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def word_error_rate(scores: Sequence[Errors]) -> Interval | None:
    return ratio([s.errors for s in scores], [s.words for s in scores])


def u_wer(scores: Sequence[Errors]) -> Interval | None:
    return ratio([s.other_errors for s in scores], [s.other_words for s in scores])


def b_wer(scores: Sequence[Errors]) -> Interval | None:
    return ratio([s.biased_errors for s in scores], [s.biased_words for s in scores])


def term_recall(scores: Sequence[Errors]) -> Interval | None:
    return ratio([s.heard for s in scores], [s.said for s in scores], share=True)


def false_accepts_per_hour(scores: Sequence[Errors], seconds: Sequence[float]) -> Interval | None:
    return ratio([s.false_accepts for s in scores], [length / 3600 for length in seconds])
