"""Which part of what was heard so far will not change any more.

Hypotheses of growing audio agree on their beginning long before its end is certain. What
two of them in a row agree on is shown as stable, and is never taken back (local agreement:
Liu, Spanakis and Niehues, Interspeech 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.speech.text import bare

SENTENCE_MARKS = ".,!?;:"
"""Written behind the last word so far, and gone when another one follows."""


class Agreement:
    """The stable beginning of an utterance's hypotheses, in words.

    >>> agreement = Agreement()
    >>> [agreement.with_("play some."), agreement.with_("Play some jazz"), agreement.stable]
    ['', 'Play some', 'Play some']
    """

    def __init__(self) -> None:
        self._last: Sequence[str] = ()
        self._stable: Sequence[str] = ()

    @property
    def stable(self) -> str:
        return " ".join(self._stable)

    def with_(self, text: str) -> str:
        """The stable beginning, now that ``text`` was heard."""
        words = text.split()
        agreed = _shared(self._last, words)
        if len(agreed) > len(self._stable) and _begins(agreed, self._stable):
            more = words[len(self._stable) : len(agreed)]
            self._stable = [*self._stable, *(word.rstrip(SENTENCE_MARKS) for word in more)]
        self._last = words
        return self.stable

    def shown(self, text: str) -> str:
        """``text`` as it may be shown: it begins with what is stable, as it was shown."""
        words = text.split()
        rest = words[len(self._stable) :]
        return " ".join((*self._stable, *rest))


def _shared(one: Sequence[str], other: Sequence[str]) -> Sequence[str]:
    """The words of ``one`` with which both begin."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if bare(mine) != bare(theirs):
            break
        count += 1
    return one[:count]


def _begins(words: Sequence[str], beginning: Sequence[str]) -> bool:
    return len(_shared(beginning, words)) == len(beginning)
