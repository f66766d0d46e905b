"""Sub-word tokens as the words that they spell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

WORD_MARK = "▁"


class Spelling(Protocol):
    """What the search needs of a tokenizer. ``texts[id]`` is None for control and byte tokens."""

    @property
    def texts(self) -> Sequence[str | None]: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, tokens: Sequence[int]) -> str: ...

    def is_spelled(self, text: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """Tokens ``first`` up to, not including, ``last`` spell one word."""

    text: str
    first: int
    last: int


def word_spans(tokens: Sequence[int], spelling: Spelling) -> list[TokenSpan]:
    """The words of a reading, each with the tokens that spell it."""
    starts = [
        i
        for i, token in enumerate(tokens)
        if i == 0 or (spelling.texts[token] or "").startswith(WORD_MARK)
    ]
    bounds = pairwise([*starts, len(tokens)])
    spans = [TokenSpan(spelling.decode(tokens[a:b]), a, b) for a, b in bounds]
    return [span for span in spans if span.text]
