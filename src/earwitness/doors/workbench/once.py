"""A secret that is shown once, on a page of its own that a browser may go back to.

A form that answers with the secret itself would be sent again by whoever goes back.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from earwitness.errors import NotFound

VALID = timedelta(minutes=5)
MOST = 1000
"""At a time; whoever makes more pushes out the oldest, which can be made again."""

GONE = "This was shown once, and is not kept. If you need it, make another."

T = TypeVar("T")


class Once(Generic[T]):
    """In memory alone, for one session and some minutes. Safe between threads."""

    def __init__(self, gone: str = GONE) -> None:
        self._gone = gone
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, T]] = OrderedDict()
        self._lock = Lock()

    def put(self, session: str, value: T, now: datetime) -> str:
        """The key under which this session gets it."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[session, key] = (now + VALID, value)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return key

    def take(self, session: str, key: str, now: datetime) -> T:
        """Raises NotFound the second time, too late, and for another session."""
        with self._lock:
            end, value = self._kept.pop((session, key), (now, None))
        if value is None or now >= end:
            raise NotFound(self._gone)
        return value

    def again(self, session: str, key: str, now: datetime) -> T:
        """As ``take``, and as often as this session asks until then."""
        with self._lock:
            end, value = self._kept.get((session, key), (now, None))
        if value is None or now >= end:
            raise NotFound(self._gone)
        return value
