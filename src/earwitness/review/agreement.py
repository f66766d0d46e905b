"""How well listeners agree, beyond what chance would give."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import permutations


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Agreement of two raters on the same units: 1 is perfect, 0 is chance.

    kappa = (p_o - p_e) / (1 - p_e), with p_o the share of units on which they agree
    and p_e the share on which they would if each kept their own frequencies
    (J. Cohen, A Coefficient of Agreement for Nominal Scales, 1960). None where that
    is undefined: no units, or one and the same value throughout.
    """
    if not pairs:
        return None
    total = len(pairs)
    observed = sum(one == other for one, other in pairs) / total
    firsts, seconds = (Counter(side) for side in zip(*pairs, strict=True))
    expected = sum(firsts[value] * seconds[value] for value in firsts) / total**2
    return None if expected == 1.0 else (observed - expected) / (1.0 - expected)


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Agreement of any number of raters, nominal values, gaps allowed.

    Each unit is the values that it got, from two raters or more (one value alone
    says nothing about agreement and is left out). alpha = 1 - D_o / D_e, from the
    coincidences of values within units (K. Krippendorff, Computing Krippendorff's
    Alpha-Reliability, 2011, section C). None where it is undefined: nothing to
    compare, or one and the same value throughout.
    """
    coincidences = _coincidences(unit for unit in units if len(unit) > 1)
    margins: dict[Hashable, float] = defaultdict(float)
    for (value, _other), weight in coincidences.items():
        margins[value] += weight
    total = sum(margins.values())
    differing = sum(weight for (one, other), weight in coincidences.items() if one != other)
    expected = total**2 - sum(count**2 for count in margins.values())
    return None if expected < 1e-9 else 1.0 - (total - 1.0) * differing / expected


def _coincidences(units: Iterable[Sequence[Hashable]]) -> dict[tuple[Hashable, Hashable], float]:
    """Ordered pairs of values within a unit, each unit weighing as many as it has values."""
    table: dict[tuple[Hashable, Hashable], float] = defaultdict(float)
    for unit in units:
        for pair in permutations(unit, 2):
            table[pair] += 1.0 / (len(unit) - 1)
    return table


def word_agreement(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of words that two transcripts have in common, 0 to 1, symmetric.

    1 - d / n, with d the edit distance in words (V. Levenshtein, 1966) and n the
    length of the longer one; two empty transcripts agree.
    """
    longest = max(len(one), len(other))
    return 1.0 if longest == 0 else 1.0 - _edits(one, other) / longest


def _edits(one: Sequence[str], other: Sequence[str]) -> int:
    row = list(range(len(other) + 1))
    for deleted, word in enumerate(one, start=1):
        row = _next_row(row, deleted, word, other)
    return row[-1]


def _next_row(above: list[int], deleted: int, word: str, other: Sequence[str]) -> list[int]:
    row = [deleted]
    for place, theirs in enumerate(other):
        replaced = above[place] + (word != theirs)
        row.append(min(replaced, above[place + 1] + 1, row[-1] + 1))
    return row
