"""Recogniser threads that hear without end, as behind a door with several devices."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import perf_counter
from types import TracebackType
from typing import Self

from earwitness.bench.listen import hear
from earwitness.errors import EngineError
from earwitness.model import Samples, Source
from earwitness.wiring import Earwitness

PATIENCE = 60.0
"""Seconds after which a revision that a thread does not use is an error."""


class Streams:
    """One thread for each clip, which hears it again and again with what is live.

    Use as a context manager. Nothing is kept: the threads ask the engine alone.
    """

    def __init__(self, program: Earwitness, clips: Sequence[Samples]) -> None:
        self._program = program
        self._changed = threading.Condition()
        self._used: list[dict[int, float]] = [{} for _ in clips]
        self.took: list[float] = []
        """The seconds that each utterance took."""
        self._failure: Exception | None = None
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._hear, args=(clip, used), name=f"stream-{n}")
            for n, (clip, used) in enumerate(zip(clips, self._used, strict=True))
        ]

    def all_use(self, revision: int) -> float:
        """When the last thread began an utterance with this revision or a later one.

        In seconds of ``perf_counter``; waits for it. Raises EngineError where a thread
        failed, or does not use it in ``PATIENCE`` seconds.
        """
        with self._changed:
            there = self._changed.wait_for(lambda: self._ready(revision), PATIENCE)
            if self._failure is not None or not there:
                raise EngineError(f"A recogniser thread did not take it up: {self._failure}")
            return max(self._first(used, revision) for used in self._used)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.join()

    def _ready(self, revision: int) -> bool:
        return self._failure is not None or all(
            max(used, default=-1) >= revision for used in self._used
        )

    @staticmethod
    def _first(used: dict[int, float], revision: int) -> float:
        return min(moment for number, moment in used.items() if number >= revision)

    def _hear(self, clip: Samples, used: dict[int, float]) -> None:
        try:
            while not self._stopping:
                lexicon = self._program.lexicons.current(Source())
                with self._changed:
                    used.setdefault(lexicon.revision, perf_counter())
                    self._changed.notify_all()
                began = perf_counter()
                hear(self._program.engine, clip, lexicon)
                self.took.append(perf_counter() - began)
        except Exception as error:
            with self._changed:
                self._failure = error
                self._changed.notify_all()
