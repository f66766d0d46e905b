"""What a household watches for, in a stream: looked for in turns behind whoever speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import structlog

from earwitness.flow.hear import Hearing, ear_for, notice
from earwitness.flow.watching import Ear
from earwitness.live.turns import Rank, Turns
from earwitness.model import SAMPLE_RATE, Samples, Source
from earwitness.sound.tagging.harm import HarmSound

AT_ONCE = 2 * SAMPLE_RATE
"""Samples that are looked at in one turn, at least."""
MOST_WAITING = 30 * SAMPLE_RATE
"""Samples that may wait for their turn; where more would, all of them are passed over."""
NOTHING = np.zeros(0, np.float32)

log = structlog.get_logger(__name__)


class StreamEar:
    """Of one stream, in its event loop; at most one turn of it at a time.

    Without ``may_keep`` there is no consent: nothing is looked at, and what was is forgotten.
    """

    def __init__(
        self,
        source: Source,
        began: datetime,
        hearing: Hearing,
        turns: Turns,
        may_keep: Callable[[], bool],
    ) -> None:
        self._source, self._began = source, began
        self._hearing, self._turns, self._may_keep = hearing, turns, may_keep
        self._waiting = NOTHING
        self._written = 0
        self._ear: Ear | None = None
        self._ear_began = began
        self._watched = frozenset[HarmSound]()
        self._looking = self._ending = False
        self._begin_anew = True

    def write(self, samples: Samples) -> None:
        self._written += len(samples)
        watched = self._hearing.watched(self._source) if self._may_keep() else frozenset()
        if watched != self._watched:
            self._watched = watched
            self._forget()
        if not watched:
            return
        self._waiting = np.concatenate([self._waiting, samples])
        if len(self._waiting) > MOST_WAITING:
            log.warning("sounds passed over", seconds=len(self._waiting) / SAMPLE_RATE)
            self._forget()
        self._proceed()

    def end(self) -> None:
        """No more follows; what waits is still looked at."""
        self._ending = True
        self._proceed()

    def _forget(self) -> None:
        self._waiting, self._begin_anew = NOTHING, True

    def _proceed(self) -> None:
        if self._looking or not (self._ending or len(self._waiting) >= AT_ONCE):
            return
        if self._ending and self._ear is None and not len(self._waiting):
            return
        samples, self._waiting = self._waiting, NOTHING
        anew, self._begin_anew = self._begin_anew, False
        first = self._written - len(samples)
        work = partial(self._look, samples, first, anew=anew, last=self._ending)
        self._looking = True
        self._turns.submit(work, 0.0, Rank.WHOLE).future.add_done_callback(self._looked)

    def _look(self, samples: Samples, first: int, *, anew: bool, last: bool) -> None:
        """In a thread of the turns."""
        if anew or self._ear is None:
            self._ear = ear_for(self._source, self._hearing)
            self._ear_began = self._began + timedelta(seconds=first / SAMPLE_RATE)
        if self._ear is None:
            return
        noticed = self._ear.push(samples)
        if last:
            noticed += self._ear.end()
            self._ear = None
        for each in noticed if self._may_keep() else ():
            notice(each, self._source, self._ear_began, self._hearing)

    def _looked(self, future: asyncio.Future[None]) -> None:
        self._looking = False
        if future.cancelled():
            return
        if error := future.exception():
            log.warning("sounds not looked at", error=type(error).__name__)
            self._begin_anew = True
        self._proceed()
