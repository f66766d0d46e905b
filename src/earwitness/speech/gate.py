"""Whether a term is believed: a likelihood ratio, heard twice.

d = log-probability of the reading with the term - log-probability of the reading
without it, both by the recogniser alone; the ranking bonus of the search plays no
part. A term that passes is scored again on the same audio a moment later in the
window (a second hearing), because the recogniser is brittle: what was a whim of one
hearing seldom survives another. The term stands where the mean of both is at least
-margin.

How large the margin may be depends on what the recogniser knows already. Had an
ordinary dictionary word been said, it would have been written; a word that no
dictionary has was never likely to be. Where one live term would take the place of
another, the margin is the difference of theirs.

And the sound must speak for it at all. A recogniser that hears a dog bark may write
"Thank you for watching", which it finds as likely of silence; so a reading with a term
must be likelier of the clip than of silence. docs/research/biasing.md has the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from earwitness.model import Term
from earwitness.speech.beam import Scored
from earwitness.speech.biasing import WORD_MARK, Ending, Graph, fold
from earwitness.speech.dictionary import is_known
from earwitness.speech.spotting import Spotted

UNKNOWN, PHRASE, KNOWN = 7.0, 4.0, 0.5
"""Margins in nats: of a word that no dictionary has, of a phrase of ordinary words, of one."""
SLACK = 1.5
"""How far below the margin the first hearing may lie and still earn a second."""
HEARD = 9.0
"""How many nats likelier a reading with a term must be of the clip than of silence."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Tokens ``first`` up to, not including, ``last`` of a reading spell a term.

    Its spelling has so many ``characters``; the last token may hold more.
    """

    ending: Ending
    first: int
    last: int
    characters: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A path and the live terms in it, in order."""

    path: Scored
    terms: tuple[Occurrence, ...] = ()

    def counts(self) -> Counter[str]:
        return Counter(term.ending.key for term in self.terms)

    def forgone(self, other: Reading) -> float:
        """The margins of its terms that the other reading does not have."""
        lost = self.counts() - other.counts()
        margins = {term.ending.key: term.ending.margin for term in self.terms}
        return sum(count * margins[key] for key, count in lost.items())

    def places(self) -> set[tuple[str, int]]:
        """Each term in it, and at which token."""
        return {(term.ending.key, term.first) for term in self.terms}


@dataclass(frozen=True, slots=True)
class Ear:
    """What the gate needs of a recogniser that listens to one clip.

    ``look`` proposes readings that differ from a path by one term; ``mark`` finds
    the live terms in a path; ``again`` scores a path in a second hearing, ``silence``
    as if there were nothing to hear.
    """

    look: Callable[[Scored], Sequence[Spotted]]
    mark: Callable[[Scored], Reading]
    again: Callable[[Scored], float]
    silence: Callable[[Scored], float]


@dataclass(frozen=True, slots=True)
class _Proposal:
    above: float
    """Nats above the margin, in the first hearing."""
    margin: float
    """Of its term, less those of the terms whose place it takes."""
    reading: Reading


def occurrences(graph: Graph, texts: Sequence[str | None]) -> list[Occurrence]:
    """The live terms in a reading, given what its tokens spell."""
    folded = [fold(text or "?") for text in texts]
    starts = np.cumsum([0, *map(len, folded)])
    found = []
    for start, end, ending in graph.matches("".join(folded)):
        first, last = np.searchsorted(starts, (start, end)).tolist()
        found.append(Occurrence(ending, first, last, end - start - len(WORD_MARK)))
    return found


def margin_of(term: Term) -> float:
    """Nats that a reading with the term may lack: from its trial, or by what it is made of."""
    if term.margin is not None:
        return term.margin
    words = term.written.split()
    if not all(is_known(word) for word in words):
        return UNKNOWN * term.weight
    return (PHRASE if len(words) > 1 else KNOWN) * term.weight


def accept(path: Scored, ear: Ear, most: int = 6) -> tuple[Reading, list[Reading]]:
    """Takes term after term into a reading, at most so many, while one passes the gate.

    Returns the reading and everything that the first look proposed, which are
    further hypotheses for the n-best.
    """
    reading = ear.mark(path)
    first, passing = _proposals(reading, ear)
    for _ in range(most):
        better = _first_confirmed(reading, passing, ear)
        if better is None:
            break
        reading = better
        if not _more(reading, passing):
            break
        _, passing = _proposals(reading, ear)
    return reading, first


def _proposals(reading: Reading, ear: Ear) -> tuple[list[Reading], list[_Proposal]]:
    """All readings proposed, and those that add a term and may pass."""
    spotted = ear.look(reading.path)
    proposed = [ear.mark(each.path) for each in spotted]
    have = reading.counts()
    passing = [
        _proposal(reading, new, each.ending.margin)
        for each, new in zip(spotted, proposed, strict=True)
        if new.counts() - have
    ]
    passing = [proposal for proposal in passing if proposal.above >= -SLACK]
    return proposed, sorted(passing, key=lambda proposal: -proposal.above)


def _proposal(old: Reading, new: Reading, margin: float) -> _Proposal:
    margin -= old.forgone(new)
    return _Proposal(new.path.score - old.path.score + margin, margin, new)


def _first_confirmed(
    reading: Reading, passing: Sequence[_Proposal], ear: Ear, most: int = 3
) -> Reading | None:
    """The best proposal that a second hearing confirms, and that is not made up."""
    if not passing:
        return None
    before = ear.again(reading.path)
    for proposal in passing[:most]:
        second = ear.again(proposal.reading.path) - before + proposal.margin
        if (proposal.above + second) / 2 >= 0 and _is_heard(proposal.reading.path, ear):
            return proposal.reading
    return None


def _is_heard(path: Scored, ear: Ear) -> bool:
    return path.score - ear.silence(path) >= HEARD


def _more(reading: Reading, passing: Iterable[_Proposal]) -> bool:
    """Whether a term passed that the chosen reading does not have, or has elsewhere."""
    have = reading.places()
    return any(not proposal.reading.places() <= have for proposal in passing)
