"""Which recordings could a new term change? Those that sound like it somewhere.

A trial has no time to decode everything again, so it takes the recordings nearest
to the term first. The distance is that of the term's rough sounds to the most
alike stretch of what was said or heard: approximate substring matching (Sellers
1980) with unit costs, over the length of the form. Nothing is decoded for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from earwitness.model import Term
from earwitness.speech.sounds import sounds


def distance(term: Term, texts: Iterable[str]) -> float:
    """0 where a text holds what sounds like a form of the term, 1 for nothing alike."""
    forms = [sounds(form) for form in (term.written, *term.spoken, *term.misheard)]
    spoken = {sounds(text) for text in texts}
    return min((_apart(form, text) for form in forms for text in spoken), default=1.0)


def _apart(form: Sequence[str], text: Sequence[str]) -> float:
    if not form:
        return 1.0
    return min(1.0, _best_stretch(form, text) / len(form))


def _best_stretch(form: Sequence[str], text: Iterable[str]) -> int:
    """The fewest edits between ``form`` and any stretch of ``text``. Time O(n m)."""
    column = list(range(len(form) + 1))
    best = column[-1]
    for sound in text:
        above = 0
        previous, column = column, [0]
        for place, wanted in enumerate(form):
            above = min(previous[place] + (sound != wanted), previous[place + 1] + 1, above + 1)
            column.append(above)
        best = min(best, above)
    return best
