"""Who may wait for long work: so many at once, and each of them for so much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from earwitness.errors import Overloaded


class Places:
    """Safe between threads."""

    def __init__(self, most: int, share: int) -> None:
        """At most ``most`` wait or work, ``share`` of them for the same one."""
        self._most, self._share = most, share
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def taken(self, who: str) -> Iterator[None]:
        """A place until the work is done. Raises Overloaded where there is none."""
        with self._lock:
            if self._taken[who] >= self._share:
                raise Overloaded("You asked for much at once; wait until some of it is done.")
            if self._taken.total() >= self._most:
                raise Overloaded("Many sounds are worked on at the moment; try again shortly.")
            self._taken[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[who] -= 1
                self._taken += Counter()  # forgets who has none
