"""Text as it is compared: what counts as the same word, and what does not.

Own short rules and not ``whisper-normalizer``: that one turns "gonna" into "going
to" and British into American spellings (a taught word must stay itself), drops "um"
and whatever stands in brackets (a judgement is verbatim), and does not say which
written word a compared word came from. It also brings four packages (7 MB) and 70
ms to the start. Ours keep every word but for

- case, punctuation, accents written in another Unicode form (NFKC), marks of
  writing direction;
- numbers: "10", "ten" and "1 0" are the same digits (``numbers``);
- a few words with two spellings: ok, Mr., &, %, $.

Contractions stay: "don't" and "do not" are different speech.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from earwitness.speech.numbers import DIGIT_SUFFIXES, ORDINAL_ENDING, runs, spoken_digits

APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u2018\u02bc\u0060\u00b4\uff07"), "'")
SYMBOLS = {"&": " and ", "%": " percent ", "$": " dollars ", "£": " pounds ", "€": " euros "}
SAME_WORD = {
    "ok": "okay",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "alright": "all right",
}
MONEY = re.compile(r"([$£€])\s?(\d[\d,]*(?:\.\d+)?)")
INITIALS = re.compile(r"\b(?:\w\.){2,}")
GROUPED_DIGITS = re.compile(r"(?<=\d),(?=\d{3}\b)")
DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
DIGITS_AND_LETTERS = re.compile(r"\d+|\D+")


@dataclass(frozen=True, slots=True)
class Token:
    """A compared word, from the written words ``[first, last]`` of the text."""

    text: str
    first: int
    last: int


def tokens(text: str) -> tuple[Token, ...]:
    """The compared words of a text, each with the written words it came from.

    >>> [token.text for token in tokens("OK, it's 25 past!")]
    ['okay', "it's", '2', '5', 'past']
    """
    pieces = [
        (piece, place)
        for place, word in enumerate(_joined_money(text).split())
        for piece in pieces_of(word)
    ]
    return tuple(_with_digits([piece for piece, _ in pieces], [place for _, place in pieces]))


def words(text: str) -> tuple[str, ...]:
    """The compared words alone."""
    return tuple(token.text for token in tokens(text))


def normalise(text: str) -> str:
    """The compared words with single spaces; the same text for what counts as the same."""
    return " ".join(words(text))


def bare(word: str) -> str:
    """A written word without the punctuation around it, in small letters; else unchanged."""
    letters = _composed(word).strip()
    first = next((at for at, char in enumerate(letters) if _is_letter(char)), len(letters))
    last = next((at for at in reversed(range(len(letters))) if _is_letter(letters[at])), -1)
    return letters[first : last + 1].lower()


@lru_cache(maxsize=65_536)
def pieces_of(word: str) -> tuple[str, ...]:
    """One written word -> the words it counts as, numbers still as they are."""
    spaced = _composed(word).casefold()
    spaced = INITIALS.sub(lambda match: match[0].replace(".", ""), spaced)
    spaced = DECIMAL.sub(" point ", GROUPED_DIGITS.sub("", spaced))
    for symbol, spoken in SYMBOLS.items():
        spaced = spaced.replace(symbol, spoken)
    kept = "".join(char if _is_letter(char) or char == "'" else " " for char in spaced)
    return tuple(same for piece in kept.split() for same in _spellings(piece.strip("'")))


def _spellings(piece: str) -> list[str]:
    if piece[:1].isdigit() and piece.endswith(DIGIT_SUFFIXES) and piece[:-2].isdigit():
        return [piece[:-2] + ORDINAL_ENDING]
    if any(char.isdigit() for char in piece):
        return DIGITS_AND_LETTERS.findall(piece)
    return SAME_WORD.get(piece, piece).split()


def _with_digits(pieces: Sequence[str], places: Sequence[int]) -> list[Token]:
    found: list[Token] = []
    done = 0
    for start, end in runs(pieces):
        found += map(Token, pieces[done:start], places[done:start], places[done:start])
        found += _number(pieces[start:end], places[start:end])
        done = end
    found += map(Token, pieces[done:], places[done:], places[done:])
    return [digit for token in found for digit in _ordinal_digits(token)]


def _number(pieces: Sequence[str], places: Sequence[int]) -> list[Token]:
    digits = spoken_digits(pieces)
    if len(digits) == len(places):
        return [Token(digit, place, place) for digit, place in zip(digits, places, strict=True)]
    return [Token(digit, places[0], places[-1]) for digit in digits]


def _ordinal_digits(token: Token) -> list[Token]:
    """ "27th" -> "2", "7th", as "twenty seventh" is read."""
    number = token.text.removesuffix(ORDINAL_ENDING)
    if number == token.text or not number.isdigit() or len(number) == 1:
        return [token]
    digits = [*number[:-1], number[-1] + ORDINAL_ENDING]
    return [Token(digit, token.first, token.last) for digit in digits]


def _joined_money(text: str) -> str:
    """ "$5" -> "5$": the sign is spoken after the number, within the same written word."""
    return MONEY.sub(lambda match: match[2] + match[1], text)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(APOSTROPHES))


@lru_cache(maxsize=4_096)
def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN"
