"""How far apart two spellings sound, roughly, without a dictionary.

A taught word is seldom in a dictionary, so both sides are read by rule: letters to
sounds in English manner, then an edit distance in which alike sounds are cheap. It
ranks what a recogniser wrote for a word; it is no pronunciation (``engines`` and
``bench`` decide nothing by it alone).

The classes of consonants are those of Soundex (Russell 1918) split by voicing; the
weights are ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from earwitness.speech.text import words

RULES = (
    ("tch", "C"), ("dge", "J"), ("ght", "t"), ("sch", "S k"), ("tion", "S @ n"), ("sion", "S @ n"),
    ("ch", "C"), ("sh", "S"), ("th", "T"), ("ph", "f"), ("wh", "w"), ("ck", "k"), ("qu", "k w"),
    ("kn", "n"), ("wr", "r"), ("ng", "N"), ("gh", ""), ("ee", "I"), ("ea", "I"), ("ie", "I"),
    ("ey", "I"), ("ei", "A"), ("ai", "A"), ("ay", "A"), ("oo", "U"), ("ou", "W"), ("ow", "W"),
    ("oa", "O"), ("oi", "Y"), ("oy", "Y"), ("au", "o"), ("aw", "o"), ("ce", "s e"), ("ci", "s i"),
    ("cy", "s i"), ("ge", "J e"), ("gi", "J i"), ("x", "k s"), ("c", "k"), ("q", "k"), ("y", "j"),
)  # fmt: skip
"""Longest first; a letter without a rule is its own sound."""
PATTERN = re.compile("|".join(letters for letters, _ in RULES) + "|.")
SOUNDS = dict(RULES)
FINAL_SILENT_E = re.compile(r"(?<=[aeiouy][^aeiouy\W])e\b")
FINAL_Y = re.compile(r"(?<=[^aeiou\W])y\b")
DOUBLE = re.compile(r"([^aeo\W])\1")
VOWELS = frozenset("aeiouIAUWOYo@j")
ALIKE = tuple(
    map(frozenset, ("pb", "td", "kg", "sz", "SCJz", "fv", "TfsdD", "mnN", "lr", "wU", "jI", "hk"))
)
INSERTION = 1.0
WEAK = 0.5
"""A vowel or an h that comes or goes, or turns into another vowel."""


@lru_cache(maxsize=65_536)
def sounds(text: str) -> tuple[str, ...]:
    """The rough sounds of a text, words joined: what is heard has no spaces.

    >>> sounds("bussin") == sounds("bus in")
    True
    """
    return tuple(sound for word in words(text) for sound in _sounds_of_word(word))


def sound_distance(one: str, other: str) -> float:
    """0 for what sounds the same, 1 for what shares nothing; symmetric.

    The weighted edit distance of the rough sounds over the length of the longer.
    """
    ours, theirs = sounds(one), sounds(other)
    longest = max(_weight(ours), _weight(theirs))
    return min(1.0, _edits(ours, theirs) / longest) if longest else 0.0


def _sounds_of_word(word: str) -> list[str]:
    spelled = DOUBLE.sub(r"\1", FINAL_Y.sub("I", FINAL_SILENT_E.sub("", word.replace("'", ""))))
    return [
        sound
        for match in PATTERN.finditer(spelled)
        for sound in SOUNDS.get(match[0], match[0]).split()
    ]


def _edits(ours: Sequence[str], theirs: Sequence[str]) -> float:
    row = [0.0]
    for sound in theirs:
        row.append(row[-1] + _gap(sound))
    for sound in ours:
        previous, row = row, [row[0] + _gap(sound)]
        for place, other in enumerate(theirs):
            row.append(
                min(
                    previous[place] + _change(sound, other),
                    previous[place + 1] + _gap(sound),
                    row[place] + _gap(other),
                )
            )
    return row[-1]


def _weight(heard: Sequence[str]) -> float:
    return sum(map(_gap, heard))


def _gap(sound: str) -> float:
    return WEAK if sound in VOWELS or sound == "h" else INSERTION


def _change(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in VOWELS and other in VOWELS:
        return WEAK * WEAK
    if any(one in group and other in group for group in ALIKE):
        return WEAK
    return max(_gap(one), _gap(other))
