"""How the readings of an utterance compete: for its words, and as wholes.

Readings that differ in punctuation, case or the spelling of numbers are one reading.
The first reading is never weighed less than the best scored one: where a taught term
was believed at a lower score (``speech.gate``), its other words are not doubtful.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp

from earwitness.model import Hypothesis
from earwitness.speech.alignment import Pair, align
from earwitness.speech.text import tokens, words

FAR = 8.0
"""Nats. A lead is not counted further: the beam did not look there."""


@dataclass(frozen=True, slots=True)
class Competition:
    """Distinct readings, the answer first, and what they say of the answer's written words.

    ``shares`` ``[readings]`` add up to 1. By word: ``support`` is the share of the
    readings that have it, ``lead`` how many nats the best one without it lies behind
    (at most ``FAR``; less than 0 where it lies before), ``rivals`` how many lack it.
    ``missing`` is the share of the readings that have a word more somewhere, ``lead_of_all``
    how far the second reading lies behind.
    """

    texts: tuple[str, ...]
    shares: tuple[float, ...]
    support: tuple[float, ...]
    lead: tuple[float, ...]
    rivals: tuple[int, ...]
    missing: float
    lead_of_all: float


def compete(nbest: Sequence[Hypothesis]) -> Competition:
    """Weighs the readings of ``Transcript.nbest`` against each other."""
    readings = _distinct(nbest)
    first = nbest[0]
    top = max(reading.logprob for reading in nbest)
    weights = [1.0, *(exp(reading.logprob - top) for reading in readings[1:])]
    total = sum(weights)
    shares = [weight / total for weight in weights]
    differences = [_difference(first, reading) for reading in readings[1:]]
    lacking = [lacks for lacks, _ in differences]
    longer = [share for share, (_, more) in zip(shares[1:], differences, strict=True) if more]
    leads = [first.logprob - reading.logprob for reading in readings[1:]]
    places = range(len(first.words))
    return Competition(
        texts=tuple(reading.text for reading in readings),
        shares=tuple(shares),
        support=tuple(1.0 - _sum_where(shares[1:], lacking, place) for place in places),
        lead=tuple(_least_where(leads, lacking, place) for place in places),
        rivals=tuple(sum(place in lacks for lacks in lacking) for place in places),
        missing=sum(longer),
        lead_of_all=min([FAR, *leads]),
    )


def _distinct(nbest: Sequence[Hypothesis]) -> list[Hypothesis]:
    found: dict[tuple[str, ...], Hypothesis] = {}
    for reading in nbest:
        found.setdefault(words(reading.text), reading)
    return list(found.values())


def _difference(first: Hypothesis, other: Hypothesis) -> tuple[set[int], bool]:
    """The written words of the first reading that the other lacks; whether it has more words."""
    ours, theirs = tokens(first.text), words(other.text)
    last = len(first.words) - 1
    pairs = list(_changes([token.text for token in ours], theirs))
    lacks = {
        place
        for pair in pairs
        if pair.reference is not None
        for place in range(ours[pair.reference].first, min(ours[pair.reference].last, last) + 1)
    }
    return lacks, any(pair.reference is None for pair in pairs)


def _changes(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Pair]:
    """The steps of an alignment that are no matches; equal ends are not looked at."""
    shortest = min(len(ours), len(theirs))
    start = next((i for i in range(shortest) if ours[i] != theirs[i]), shortest)
    left = shortest - start
    end = next((i for i in range(left) if ours[-1 - i] != theirs[-1 - i]), left)
    middle = align(ours[start : len(ours) - end], theirs[start : len(theirs) - end])
    for pair in middle:
        if not pair.match:
            yield Pair(None if pair.reference is None else start + pair.reference, pair.hypothesis)


def _sum_where(shares: Sequence[float], lacking: Sequence[set[int]], place: int) -> float:
    return sum(share for share, lacks in zip(shares, lacking, strict=True) if place in lacks)


def _least_where(leads: Sequence[float], lacking: Sequence[set[int]], place: int) -> float:
    return min([FAR, *(lead for lead, lacks in zip(leads, lacking, strict=True) if place in lacks)])
