"""How a recogniser learns of a new revision that any process published."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Protocol

from earwitness.model import Lexicon
from earwitness.stores.cache import LexiconCache

POLL_SECONDS = 0.2


class _Lexicons(Protocol):
    cache: LexiconCache

    def lexicon(self) -> Lexicon: ...


class PolledLexicon:
    """Implements ``ports.LexiconSource``.

    Asks the store for its newest revision at most every ``interval`` seconds of the
    monotonic ``clock``; what this process published is there at once. One thread
    asks while the others go on with the pointer they have. Raises StoreError where
    the store cannot be read.
    """

    def __init__(
        self,
        records: _Lexicons,
        clock: Callable[[], float],
        interval: float = POLL_SECONDS,
    ) -> None:
        self._records = records
        self._clock = clock
        self._interval = interval
        self._asking = Lock()
        self._ask()

    def current(self) -> Lexicon:
        if self._clock() >= self._next and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        return self._records.cache.newest

    def _ask(self) -> None:
        self._records.lexicon()
        self._next = self._clock() + self._interval
