"""The last few lexicons, so that a revision is built from its neighbour and not from nothing."""

from __future__ import annotations

from threading import Lock

from earwitness.model import Lexicon

_KEPT = 8
_EMPTY = Lexicon()


class LexiconCache:
    """Lexicons by revision. A revision never changes, so nothing here grows stale."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lexicons: dict[int, Lexicon] = {0: _EMPTY}
        self._newest = _EMPTY

    @property
    def newest(self) -> Lexicon:
        """The newest revision that this process has seen; a pointer read."""
        return self._newest

    def nearest(self, revision: int) -> Lexicon:
        """The revision itself or the newest one before it."""
        with self._lock:
            return self._lexicons[max(number for number in self._lexicons if number <= revision)]

    def add(self, lexicon: Lexicon) -> Lexicon:
        """The lexicon, or the one that another thread added for its revision first."""
        with self._lock:
            known = self._lexicons.setdefault(lexicon.revision, lexicon)
            self._forget_oldest()
            self._newest = max(self._newest, known, key=lambda each: each.revision)
            return known

    def _forget_oldest(self) -> None:
        for number in list(self._lexicons)[1:-_KEPT]:
            del self._lexicons[number]
