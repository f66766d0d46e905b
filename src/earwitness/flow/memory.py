"""What was said in the last half minute, in memory alone.

It exists so that, when somebody has to repeat themselves, the first attempt can be
reviewed as well. Nothing of it is ever written anywhere by this module, and what
is older than ``seconds`` is dropped whenever anything is said by anybody.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.model import Samples, Source, Transcript


@dataclass(frozen=True, eq=False, slots=True)
class Recent:
    """An utterance that nobody doubted, or that is kept already (``kept``)."""

    id: str
    source: Source
    heard_at: datetime
    audio: Samples
    transcript: Transcript
    kept: bool


class RecentSpeech:
    """Utterances of the last ``seconds``, oldest dropped first. Thread-safe.

    Holds at most ``megabytes`` of audio over all devices.
    """

    def __init__(self, seconds: float = 30.0, megabytes: float = 64.0) -> None:
        self._age = timedelta(seconds=seconds)
        self._room = int(megabytes * 2**20)
        self._lock = threading.Lock()
        self._recent: deque[Recent] = deque()
        self._bytes = 0

    def of(self, source: Source, now: datetime) -> Sequence[Recent]:
        """What this device said lately, before ``now``, oldest first.

        A device that lost its connection sends again what it said: that is no repetition.
        """
        with self._lock:
            self._drop_old(now)
            return [
                recent
                for recent in self._recent
                if recent.heard_at < now and _same_device(recent.source, source)
            ]

    def remember(self, recent: Recent) -> None:
        with self._lock:
            self._recent.append(recent)
            self._bytes += recent.audio.nbytes
            self._drop_old(recent.heard_at)
            while self._bytes > self._room:
                self._drop_first()

    def forget(self, now: datetime) -> None:
        """Drops what is too old; for a timer in a quiet house."""
        with self._lock:
            self._drop_old(now)

    def _drop_old(self, now: datetime) -> None:
        while self._recent and now - self._recent[0].heard_at > self._age:
            self._drop_first()

    def _drop_first(self) -> None:
        self._bytes -= self._recent.popleft().audio.nbytes


def _same_device(one: Source, other: Source) -> bool:
    return (one.household, one.device) == (other.household, other.device)
