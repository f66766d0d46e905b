"""Whether a term is believed, by likelihood ratio.

s = log-probability of the best reading with the term - log-probability of the best
reading without it, both by the recogniser alone. The reading with the term stands
where s >= -margin. The ranking bonus of the search plays no part here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from earwitness.speech.beam import Path
from earwitness.speech.biasing import Ending
from earwitness.speech.spotting import Spotted

MARGIN = 7.0
"""Nats that a reading with a term may lack where no trial measured a margin of its own."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Tokens ``first`` up to, not including, ``last`` of a reading spell a term."""

    ending: Ending
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A path and the live terms in it, in order."""

    path: Path
    terms: tuple[Occurrence, ...] = ()

    def counts(self) -> Counter[str]:
        return Counter(term.ending.key for term in self.terms)


Look = Callable[[Path], Sequence[Spotted]]
"""Proposes readings that differ from a path by one term."""

Mark = Callable[[Path], Reading]
"""Finds the live terms in a path."""


def margin(ending: Ending) -> float:
    """How many nats a reading with this term may lack."""
    return ending.margin if ending.margin is not None else MARGIN * ending.weight


def accept(path: Path, look: Look, mark: Mark, most: int = 6) -> tuple[Reading, list[Reading]]:
    """Takes term after term into a reading while one passes the gate.

    Returns the reading and everything that the first look proposed, which are
    further hypotheses for the n-best.
    """
    reading = mark(path)
    spotted = look(path)
    proposed = [mark(each.path) for each in spotted]
    first = proposed
    passing = _passing(reading, spotted, proposed)
    while passing and len(reading.terms) < most:
        reading = max(passing, key=lambda pair: pair[0])[1]
        if not _more(reading, passing):
            break
        spotted = look(reading.path)
        proposed = [mark(each.path) for each in spotted]
        passing = _passing(reading, spotted, proposed)
    return reading, first


def _passing(
    reading: Reading, spotted: Sequence[Spotted], proposed: Sequence[Reading]
) -> list[tuple[float, Reading]]:
    """(how far above its gate, reading) of those that keep every term and add one."""
    have = reading.counts()
    pairs = [
        (new.path.score - reading.path.score + margin(each.ending), new)
        for each, new in zip(spotted, proposed, strict=True)
        if have < new.counts()
    ]
    return [pair for pair in pairs if pair[0] >= 0]


def _more(reading: Reading, passing: Iterable[tuple[float, Reading]]) -> bool:
    """Whether another term passed that the chosen reading does not have."""
    have = reading.counts()
    return any(not other.counts() <= have for _, other in passing)
