"""Spoken numbers as digits, so that "25", "twenty-five" and "twenty five" compare equal.

A run of number words becomes one word a digit: a digit string read aloud keeps one
word a digit, so one wrong digit stays one error. "Fifteen" and "one five" become
the same words; whoever compares transcripts accepts that, as the normaliser of
Whisper does (Radford et al. 2022, appendix C).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
GREAT = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
IRREGULAR_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fifth": 5,
    "eighth": 8,
    "ninth": 9,
    "twelfth": 12,
}
ORDINALS = (
    IRREGULAR_ORDINALS
    | {f"{word}th": value for word, value in SMALL.items() if value}
    | {f"{word[:-1]}ieth": value for word, value in TENS.items()}
)
ORDINAL_ENDING = "th"
DIGIT_SUFFIXES = ("st", "nd", "rd", "th")


@dataclass(slots=True)
class Reading:
    """A number while its words are read: ``great + group``, and what may still be added."""

    great: int
    group: int
    room: int

    def takes(self, value: int) -> bool:
        return value < self.room

    def add(self, value: int) -> None:
        self.group += value
        self.room = 10 if value in TENS.values() else 1

    def hundred(self) -> None:
        self.group *= 100
        self.room = 100

    def multiply(self, factor: int) -> None:
        if self.great < factor:
            self.great, self.group = 0, self.great + self.group
        self.great, self.group, self.room = self.great + self.group * factor, 0, factor

    @property
    def digits(self) -> str:
        return str(self.great + self.group)


def is_number(word: str) -> bool:
    """Whether a word is part of a number by itself."""
    return (word.isascii() and word.isdigit()) or word in _NUMBER_WORDS


def runs(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Stretches ``[start, end)`` of words that are read as numbers.

    "oh" counts between two numbers ("four oh two"), "and" after "hundred" or a
    greater one ("a hundred and ten").
    """
    start = 0
    while start < len(words):
        end = start
        while end < len(words) and _belongs(words, start, end):
            end += 1
        if end > start:
            yield start, end
        start = max(end, start + 1)


def spoken_digits(words: Sequence[str]) -> list[str]:
    """A run of number words -> one word a digit.

    >>> spoken_digits("twenty five".split()), spoken_digits("one two oh".split())
    (['2', '5'], ['1', '2', '0'])
    >>> spoken_digits("two thousand three hundred and seventh".split())
    ['2', '3', '0', '7th']
    """
    written: list[str] = []
    reading: Reading | None = None
    for word in words:
        digits, reading = _read(word, reading)
        written.append(digits)
    written.append(reading.digits if reading else "")
    return _one_by_one("".join(written), ordinal=words[-1] in ORDINALS)


def _read(word: str, reading: Reading | None) -> tuple[str, Reading | None]:
    """The digits that are finished by this word, and the number that goes on."""
    if word == "and":
        return "", reading
    if word in _JOINED_BY_AND:
        return "", _enlarged(word, reading or Reading(0, 1, 1))
    finished = reading.digits if reading else ""
    if word.startswith("0"):
        return finished + word, None
    value = int(word) if word.isdigit() else _VALUES[word]
    if reading and value and word in _VALUES and reading.takes(value):
        reading.add(value)
        return "", reading
    return finished, Reading(0, value, 10 if word in TENS else 1)


def _enlarged(word: str, reading: Reading) -> Reading:
    if word == "hundred":
        reading.hundred()
    else:
        reading.multiply(GREAT[word])
    return reading


def _one_by_one(digits: str, ordinal: bool) -> list[str]:
    letters = list(digits)
    if ordinal:
        letters[-1] += ORDINAL_ENDING
    return letters


def _belongs(words: Sequence[str], start: int, at: int) -> bool:
    word = words[at]
    if at > start and words[at - 1] in ORDINALS:
        return False
    if word in ("oh", "and"):
        before = at > start and (word == "oh" or words[at - 1] in _JOINED_BY_AND)
        return before and at + 1 < len(words) and is_number(words[at + 1])
    return is_number(word) and not (at == start and word in _JOINED_BY_AND)


_VALUES = SMALL | TENS | ORDINALS | {"oh": 0}
_JOINED_BY_AND = {"hundred", *GREAT}
_NUMBER_WORDS = {*_VALUES, *_JOINED_BY_AND} - {"oh"}
