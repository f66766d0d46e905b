"""What was said in the last half minute, in memory alone.

It exists so that, when somebody has to repeat themselves, the first attempt can be
reviewed as well. Nothing of it is ever written anywhere by this module, and what
is older than ``seconds`` is dropped whenever anything is said by anybody.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.model import Samples, Source, Transcript

LAST = 3
"""Who repeats themselves does so at once; and many may speak through one key or gateway."""


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
        self._recent: OrderedDict[str, Recent] = OrderedDict()
        self._of_device: dict[tuple[str, str], list[Recent]] = {}
        self._bytes = 0

    def of(self, source: Source, now: datetime) -> Sequence[Recent]:
        """The last few things that this device said before ``now``, oldest first.

        A device that lost its connection sends again what it said: that is no repetition.
        """
        with self._lock:
            self._drop_old(now)
            said = self._of_device.get(_device(source), [])
            before = [recent for recent in said if recent.heard_at < now]
            return sorted(before, key=lambda recent: recent.heard_at)[-LAST:]

    def remember(self, recent: Recent) -> None:
        """Once, however often it is heard again."""
        with self._lock:
            if recent.id not in self._recent:
                self._recent[recent.id] = recent
                self._of_device.setdefault(_device(recent.source), []).append(recent)
                self._bytes += recent.audio.nbytes
            self._drop_old(recent.heard_at)
            while self._bytes > self._room:
                self._drop_first()

    def forget(self, now: datetime) -> None:
        """Drops what is too old; for a timer in a quiet house."""
        with self._lock:
            self._drop_old(now)

    def _drop_old(self, now: datetime) -> None:
        while self._recent and now - next(iter(self._recent.values())).heard_at > self._age:
            self._drop_first()

    def _drop_first(self) -> None:
        _, first = self._recent.popitem(last=False)
        self._bytes -= first.audio.nbytes
        device = _device(first.source)
        self._of_device[device].remove(first)
        if not self._of_device[device]:
            del self._of_device[device]


def _device(source: Source) -> tuple[str, str]:
    return source.household, source.device
