"""Which word of one text stands for which word of another.

The alignment of Levenshtein with unit costs; of all alignments with the fewest
edits the one with the most matches, and of those the one that, read from the end,
takes the pair before the deletion before the insertion. So it is unique, and its
number of edits is the numerator of the word error rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from earwitness.model import Hypothesis
from earwitness.speech.sounds import sound_distance
from earwitness.speech.text import Token, bare, tokens, words

MOST_FORMS = 4
MOST_EXTRA_WORDS = 3
MOST_REGION_WORDS = 8
ALONE_CLOSENESS = 0.75
SHARED_CLOSENESS = 0.5
FEW_WORDS = 6
LEAST_ALIKE = 1 / 3
"""Of two texts with more words; with less in common, word under word is only noise."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One step of an alignment; None where a side has no word."""

    reference: int | None
    hypothesis: int | None
    match: bool = False


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Pair]:
    """The alignment of two sequences of words, in order. Time O(n m).

    >>> [(p.reference, p.hypothesis) for p in align("yeet that".split(), "eat that one".split())]
    [(0, 0), (1, 1), (None, 2)]
    """
    return _trace(_costs(reference, hypothesis), reference, hypothesis)


def side_by_side(reference: Sequence[str], hypothesis: Sequence[str]) -> list[tuple[str, str]]:
    """Both sides of an alignment, word by word; one is empty where the other has a word more.

    >>> side_by_side("yeet that".split(), "eat that one".split())
    [('yeet', 'eat'), ('that', 'that'), ('', 'one')]
    """
    return [
        (
            "" if pair.reference is None else reference[pair.reference],
            "" if pair.hypothesis is None else hypothesis[pair.hypothesis],
        )
        for pair in align(reference, hypothesis)
    ]


@dataclass(frozen=True, slots=True)
class Column:
    """Two texts side by side: as each was written, and whether it counts as the same."""

    one: str
    other: str
    same: bool


def columns(one: str, other: str) -> list[Column] | None:
    """Two texts as they were written, word under word; None where they have too little in common.

    >>> [(each.one, each.other, each.same) for each in columns("Tab 1, OK?", "tap one okay")]
    [('Tab', 'tap', False), ('1,', 'one', True), ('OK?', 'okay', True)]
    """
    ours, theirs = tokens(one), tokens(other)
    pairs = align([token.text for token in ours], [token.text for token in theirs])
    if len(pairs) > FEW_WORDS and sum(pair.match for pair in pairs) < LEAST_ALIKE * len(pairs):
        return None
    left, right = _written(one, ours), _written(other, theirs)
    made = [
        Column(
            "" if pair.reference is None else left[pair.reference],
            "" if pair.hypothesis is None else right[pair.hypothesis],
            pair.match,
        )
        for pair in pairs
    ]
    return [each for each in made if each.one or each.other]


def _written(text: str, compared: Sequence[Token]) -> list[str]:
    """For each compared word what was written; one that counts as several stands at the first."""
    pieces, made, done = text.split(), [], 0
    for token in compared:
        made.append(" ".join(pieces[max(done, token.first) : token.last + 1]))
        done = max(done, token.last + 1)
    return made


def edits(pairs: Iterable[Pair]) -> int:
    """Substitutions, deletions and insertions of an alignment."""
    return sum(not pair.match for pair in pairs)


def _costs(reference: Sequence[str], hypothesis: Sequence[str]) -> list[list[int]]:
    """Costs of all beginnings. An edit costs ``edit``, a substitution one more.

    With equal edits fewer substitutions means more matches, and there are fewer
    than ``edit`` words, so the one more never outweighs an edit.
    """
    edit = _edit_cost(reference, hypothesis)
    rows = [[edit * place for place in range(len(hypothesis) + 1)]]
    for word in reference:
        above = rows[-1]
        row = [above[0] + edit]
        for place, other in enumerate(hypothesis):
            paired = above[place] + (0 if word == other else edit + 1)
            row.append(min(paired, above[place + 1] + edit, row[place] + edit))
        rows.append(row)
    return rows


def _edit_cost(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    return len(reference) + len(hypothesis) + 1


def _trace(
    costs: list[list[int]], reference: Sequence[str], hypothesis: Sequence[str]
) -> list[Pair]:
    edit = _edit_cost(reference, hypothesis)
    pairs: list[Pair] = []
    row, column = len(reference), len(hypothesis)
    while row or column:
        match = bool(row and column) and reference[row - 1] == hypothesis[column - 1]
        paired = 0 if match else edit + 1
        if row and column and costs[row][column] == costs[row - 1][column - 1] + paired:
            row, column = row - 1, column - 1
            pairs.append(Pair(row, column, match))
        elif row and costs[row][column] == costs[row - 1][column] + edit:
            row -= 1
            pairs.append(Pair(row, None))
        else:
            column -= 1
            pairs.append(Pair(None, column))
    return pairs[::-1]


def occurrences(text: Sequence[str], term: Sequence[str]) -> list[tuple[int, int]]:
    """Where a term's words stand in a text: ``[start, end)``, left to right, no overlap."""
    found: list[tuple[int, int]] = []
    for start in range(len(text) - len(term) + 1):
        end = start + len(term)
        after_last = not found or start >= found[-1][1]
        if term and after_last and tuple(text[start:end]) == tuple(term):
            found.append((start, end))
    return found


def propose_misheard(
    human_text: str, term: str, hypotheses: Iterable[Hypothesis | str]
) -> tuple[str, ...]:
    """What the recogniser wrote where the human heard ``term``, best hypothesis first.

    A form is the machine's words between the nearest words on both sides that it
    heard as the human did (or the ends of the utterance). Where other words next to
    the term were misheard too, the stretch is divided so that all parts sound most
    alike. Not proposed: nothing at all, the term itself, more than
    ``MOST_EXTRA_WORDS`` words over the term's own, what does not sound alike. At
    most ``MOST_FORMS``, small letters, without the punctuation around words.

    >>> propose_misheard("yeet that alarm", "yeet", ["Eat that alarm.", "Yeet that alarm."])
    ('eat',)
    """
    human = words(human_text)
    places = occurrences(human, words(term))
    forms = dict.fromkeys(
        form
        for hypothesis in hypotheses
        for place in places
        for form in _form(
            human, place, hypothesis if isinstance(hypothesis, str) else hypothesis.text
        )
    )
    return tuple(form for form in forms if words(form) != words(term))[:MOST_FORMS]


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch between matches: human words ``left, term, right`` over machine words."""

    left: str
    term: str
    right: str
    machine: tuple[Token, ...]

    @property
    def alone(self) -> bool:
        return not (self.left or self.right)

    @property
    def size(self) -> int:
        """Words of the longer side."""
        return max(len(f"{self.left} {self.term} {self.right}".split()), len(self.machine))


def _form(human: Sequence[str], place: tuple[int, int], machine_text: str) -> Iterator[str]:
    machine = tokens(machine_text)
    region = _region(human, place, machine)
    if not region.machine or region.size > MOST_REGION_WORDS:
        return
    form = _surface(_closest(region), machine_text)
    limit = ALONE_CLOSENESS if region.alone else SHARED_CLOSENESS
    length = place[1] - place[0] + MOST_EXTRA_WORDS
    if form and len(form.split()) <= length and sound_distance(region.term, form) <= limit:
        yield form


def _region(human: Sequence[str], place: tuple[int, int], machine: Sequence[Token]) -> Region:
    start, end = place
    matches = [
        (pair.reference, pair.hypothesis)
        for pair in align(human, [token.text for token in machine])
        if pair.match and pair.reference is not None and pair.hypothesis is not None
    ]
    before = max((pair for pair in matches if pair[0] < start), default=(-1, -1))
    after = min((pair for pair in matches if pair[0] >= end), default=(len(human), len(machine)))
    return Region(
        left=" ".join(human[before[0] + 1 : start]),
        term=" ".join(human[start:end]),
        right=" ".join(human[end : after[0]]),
        machine=tuple(machine[before[1] + 1 : after[1]]),
    )


def _closest(region: Region) -> tuple[Token, ...]:
    """The machine words for the term, so that left, term and right all sound most alike."""
    if region.alone:
        return region.machine
    return min(_divisions(region), key=lambda division: division[0])[1]


def _divisions(region: Region) -> Iterator[tuple[float, tuple[Token, ...]]]:
    count = len(region.machine)
    for start in range(count + 1):
        for end in range(start, count + 1):
            parts = (region.machine[:start], region.machine[start:end], region.machine[end:])
            texts = (region.left, region.term, region.right)
            yield sum(map(_apart, texts, parts)), parts[1]


def _apart(text: str, part: Sequence[Token]) -> float:
    return sound_distance(text, " ".join(token.text for token in part))


def _surface(found: Sequence[Token], text: str) -> str:
    """The written words of some tokens, bare, so that a form can be spelled as it was."""
    if not found:
        return ""
    written = text.split()[found[0].first : found[-1].last + 1]
    return " ".join(filter(None, map(bare, written)))
