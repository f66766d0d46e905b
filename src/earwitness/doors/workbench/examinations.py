"""Who examines which clip, and why: in memory, for a session, for some hours."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from earwitness.errors import AccessRefused

EXAMINE = "/workbench/examine"
VALID = timedelta(hours=8)
MOST = 1000
"""At a time; whoever opens more pushes out the oldest, which can be opened again."""


@dataclass(frozen=True, slots=True)
class Opened:
    """``utterance`` is a clip, or the subject of evidence. ``token`` is that of a lease, for who
    is at the clip; empty for who gave a reason. ``id`` is another one for each opening.
    """

    utterance: str
    listener: str
    why: str
    token: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(12))


class Examinations:
    """Safe between threads."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, str], tuple[datetime, Opened]] = OrderedDict()
        self._lock = Lock()

    def open(self, session: str, new: Opened, now: datetime) -> None:
        with self._lock:
            self._open.pop((session, new.utterance), None)
            self._open[session, new.utterance] = (now + VALID, new)
            while len(self._open) > MOST:
                self._open.popitem(last=False)

    def of(self, session: str, utterance: str, now: datetime) -> Opened:
        """Raises AccessRefused for who has not said why, or too long ago."""
        with self._lock:
            until, found = self._open.get((session, utterance), (now, None))
        if found is None or now >= until:
            raise AccessRefused("Say first why you examine this clip: open its Sound page again.")
        return found
