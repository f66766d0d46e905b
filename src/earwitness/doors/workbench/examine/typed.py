"""What somebody typed into the form of a finding; it comes back whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated

from fastapi import Form

from earwitness.flow.findings import Draft
from earwitness.sound.findings.finding import Heard

Text = Annotated[str, Form()]
Texts = Annotated[Sequence[str], Form()]
"""One each row, as long as a form may be: what is too long is refused in words, and not lost."""
TREATED = "treated"


@dataclass(frozen=True, slots=True)
class Row:
    """What one listener heard; ``treated`` is whether in the treated recording."""

    by: str = ""
    words: str = ""
    treated: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """``conclusions`` and ``limits`` are a sentence a line."""

    question: str
    described: str
    conclusions: str
    limits: str
    heard: tuple[Row, ...]

    @classmethod
    def of(cls, draft: Draft) -> Typed:
        return cls(
            draft.question,
            draft.described,
            "\n".join(draft.conclusions),
            "\n".join(draft.limits),
            tuple(Row(each.by, each.words, each.treated) for each in draft.heard),
        )

    def draft(self) -> Draft:
        heard = (Heard(each.by.strip(), each.words, each.treated, False) for each in self.heard)
        return Draft(
            self.question.strip(),
            self.described.strip(),
            tuple(each for each in heard if each.by or each.words.strip()),
            _lines(self.conclusions),
            _lines(self.limits),
        )


def typed(
    question: str, described: str, conclusions: str, limits: str, *,
    heard_by: Sequence[str], heard_words: Sequence[str], heard_in: Sequence[str],
) -> Typed:  # fmt: skip
    rows = zip_longest(heard_by, heard_words, heard_in, fillvalue="")
    heard = tuple(Row(by, words, place == TREATED) for by, words, place in rows)
    filled = tuple(each for each in heard if each.by.strip() or each.words.strip())
    return Typed(question, described, conclusions, limits, filled)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
