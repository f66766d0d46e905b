"""Pairs of doubtful stretches of which it is known whether they hold the same word."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from collect import Example

from earwitness.model import Span
from earwitness.speech.alignment import align
from earwitness.speech.likeness import Stretch, stretches
from earwitness.speech.text import words

LONGEST_BLOCK = 3
"""Words that may have been said where a stretch is; of more, nobody knows which is meant."""
SHORTEST_WORD = 4
MOST_OF_A_WORD = 60
DIFFERENT = 20_000


@dataclass(frozen=True, eq=False)
class Known:
    """A doubtful stretch and the words that were said there."""

    folder: str
    name: str
    speaker: str
    said: frozenset[str]
    telling: frozenset[str]
    stretch: Stretch

    @property
    def seconds(self) -> float:
        return self.stretch.span.end - self.stretch.span.start


@dataclass(frozen=True, eq=False)
class Pair:
    """Two stretches of different clips and speakers. ``word`` is empty for different words."""

    one: Known
    other: Known
    word: str

    @property
    def folders(self) -> frozenset[str]:
        return frozenset(each.folder.split("_")[0] for each in (self.one, self.other))

    @property
    def speakers(self) -> frozenset[str]:
        return frozenset((self.one.speaker, self.other.speaker))


def known(examples: Sequence[Example], frames: str) -> list[Known]:
    """Every doubtful stretch; ``frames`` names the attribute that holds the sound."""
    return [
        Known(each.folder, each.name, each.speaker, said, said & telling(each), stretch)
        for each in examples
        if each.flags and each.transcript.text.strip()
        for stretch in stretches(each.transcript, each.flags, getattr(each, frames))
        if (said := said_there(each, stretch.span))
    ]


def telling(example: Example) -> set[str]:
    """Words that make two stretches the same: terms, and words of some length."""
    terms = {word for term in example.terms for word in words(term)}
    long = {w for w in words(example.text) if len(w) >= SHORTEST_WORD and w.isalpha()}
    return terms | long


def said_there(example: Example, span: Span) -> frozenset[str]:
    """What was really said where the recogniser wrote the words within a stretch."""
    reference = words(example.text)
    written = [
        (text, word.start < span.end - 1e-6 and word.end > span.start + 1e-6)
        for word in example.transcript.best.words
        for text in words(word.text)
    ]
    said: set[str] = set()
    for block in blocks(align(reference, [text for text, _ in written])):
        if any(pair.hypothesis is not None and written[pair.hypothesis][1] for pair in block):
            said |= {reference[p.reference] for p in block if p.reference is not None}
    return frozenset(said)


def blocks(pairs: Sequence) -> Iterator[list]:
    """Each match alone; mismatches side by side together, for nobody knows which is which."""
    run: list = []
    for pair in pairs:
        if pair.match:
            yield from ([run] if run else [])
            yield [pair]
            run = []
        else:
            run.append(pair)
    yield from ([run] if run else [])


def pairs(found: Sequence[Known]) -> list[Pair]:
    """Some of each word, and different words; the same ones every time."""
    chance = random.Random(5)
    same: defaultdict[str, list[Pair]] = defaultdict(list)
    different: list[Pair] = []
    for one, other in combinations(found, 2):
        if one.name == other.name or one.speaker == other.speaker:
            continue
        if not one.said & other.said:
            different.append(Pair(one, other, ""))
        elif max(len(one.said), len(other.said)) <= LONGEST_BLOCK:
            for word in sorted(one.telling & other.telling)[:1]:
                same[word].append(Pair(one, other, word))
    drawn = [
        pair
        for _, each in sorted(same.items())
        for pair in chance.sample(each, len(each))[:MOST_OF_A_WORD]
    ]
    return [*drawn, *chance.sample(different, min(DIFFERENT, len(different)))]
